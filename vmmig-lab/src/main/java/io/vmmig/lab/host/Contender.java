// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import io.vmmig.Migrator;
import java.util.function.UnaryOperator;

/** A way of sending a guest, where there are several to be compared. */
public enum Contender implements UnaryOperator<Migrator> {
    /** As a program sends it that asks for nothing special. */
    DEFAULT("default", migrator -> migrator),

    /** With the pages that the guest itself counts as free. None is left out yet, so this is the default. */
    WITH_FREE_PAGES("with free pages", migrator -> migrator);

    private final String title;
    private final UnaryOperator<Migrator> settings;

    Contender(String title, UnaryOperator<Migrator> settings) {
        this.title = title;
        this.settings = settings;
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
