// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import io.vmmig.lab.Command;
import io.vmmig.lab.host.LabHost;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** {@code virsh}, as a person would call it. */
final class Virsh {
    private static final Duration PATIENCE = Duration.ofMinutes(15);

    private Virsh() {}

    /** Runs one of its commands at a host, and returns what it printed. */
    static String at(LabHost host, String... words) {
        List<String> all = new ArrayList<>(List.of("virsh", "-q", "-c", host.uri()));
        all.addAll(List.of(words));
        return Command.of(all.toArray(String[]::new)).run(PATIENCE);
    }
}
