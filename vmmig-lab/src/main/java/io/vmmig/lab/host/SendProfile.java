// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import io.vmmig.Migrator;
import io.vmmig.content.Level;
import io.vmmig.report.Strategy;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** Settings for sending a guest, where several are to be compared. */
public enum SendProfile implements UnaryOperator<Migrator> {
    /** The defaults. */
    DEFAULT("default", migrator -> migrator),

    /** Including the pages that the guest itself counts as free. */
    WITH_FREE_PAGES("with free pages", Migrator::sendingFreePages),

    /** With the least work. */
    FASTEST("fastest", migrator -> migrator.level(Level.FASTEST)),

    /** With the most work. */
    SMALLEST("smallest", migrator -> migrator.level(Level.SMALLEST)),

    /** With baselines, while the guest runs. */
    WARM("warm", migrator -> migrator.strategy(Strategy.WARM)),

    /** With changes tracked by QEMU, while the guest runs. */
    LIVE("live", migrator -> migrator.strategy(Strategy.LIVE)),

    /** Neither signed nor encrypted. */
    UNPROTECTED("unprotected", migrator -> migrator.signedBy(claim -> List.of())),

    /** Signed, and encrypted for the host itself. */
    PROTECTED("sealed and signed", migrator -> migrator);

    private final String title;
    private final UnaryOperator<Migrator> settings;

    SendProfile(String title, UnaryOperator<Migrator> settings) {
        this.title = title;
        this.settings = settings;
    }

    /** Those with which a guest can be packed into a store, where nobody waits for it. */
    public static List<SendProfile> ofPacking() {
        return Stream.of(values())
                .filter(profile -> profile != WARM && profile != LIVE)
                .toList();
    }

    /** Whether the package is encrypted. */
    public boolean sealed() {
        return this == PROTECTED;
    }

    /** Its name for people. */
    public String title() {
        return title;
    }

    @Override
    public Migrator apply(Migrator migrator) {
        return settings.apply(migrator);
    }
}
