// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import io.vmmig.Migrator;
import io.vmmig.content.Level;
import java.util.List;
import java.util.function.UnaryOperator;

/** A way of sending a guest, where there are several to be compared. */
public enum Contender implements UnaryOperator<Migrator> {
    /** As a program sends it that asks for nothing special. */
    DEFAULT("default", migrator -> migrator),

    /** With the pages that the guest itself counts as free. */
    WITH_FREE_PAGES("with free pages", Migrator::sendingFreePages),

    /** With the least work. */
    FASTEST("fastest", migrator -> migrator.level(Level.FASTEST)),

    /** With the most work. */
    SMALLEST("smallest", migrator -> migrator.level(Level.SMALLEST)),

    /** Neither signed nor sealed. */
    UNPROTECTED("unprotected", migrator -> migrator.signedBy(claim -> List.of())),

    /** Signed, and sealed for the host itself. */
    PROTECTED("sealed and signed", migrator -> migrator);

    private final String title;
    private final UnaryOperator<Migrator> settings;

    Contender(String title, UnaryOperator<Migrator> settings) {
        this.title = title;
        this.settings = settings;
    }

    /** Whether the package is sealed. */
    public boolean sealed() {
        return this == PROTECTED;
    }

    /** What people call it. */
    public String title() {
        return title;
    }

    @Override
    public Migrator apply(Migrator migrator) {
        return settings.apply(migrator);
    }
}
