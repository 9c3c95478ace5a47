// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.interference;

import io.vmmig.lab.LabException;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.Virsh;
import java.util.UUID;

/** What {@code virsh} says about a guest on a host. */
enum Seen {
    ABSENT,
    OFF,
    PAUSED,
    RUNNING;

    static Seen of(UUID guest, LabHost host) {
        if (!Virsh.at(host, "list", "--all", "--uuid").contains(guest.toString())) {
            return ABSENT;
        }
        String state;
        try {
            state = Virsh.at(host, "domstate", guest.toString());
        } catch (LabException e) {
            // A transient guest may vanish between the two questions.
            return ABSENT;
        }
        return switch (state.strip()) {
            case "running" -> RUNNING;
            case "paused", "pmsuspended" -> PAUSED;
            default -> OFF;
        };
    }

    /** Whether it has a QEMU. */
    boolean active() {
        return this == PAUSED || this == RUNNING;
    }
}
