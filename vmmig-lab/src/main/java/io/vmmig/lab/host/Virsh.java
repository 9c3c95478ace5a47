// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import io.vmmig.lab.Command;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** {@code virsh}, as a person would call it. */
public final class Virsh {
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private Virsh() {}

    /** Runs one of its commands at a host, and returns what it printed. */
    public static String at(LabHost host, String... words) {
        List<String> all = new ArrayList<>(List.of("virsh", "-q", "-c", host.uri()));
        all.addAll(List.of(words));
        return Command.of(all.toArray(String[]::new)).run(PATIENCE);
    }
}
