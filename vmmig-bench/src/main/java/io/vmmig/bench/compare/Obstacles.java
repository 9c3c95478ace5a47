// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import io.vmmig.lab.LabException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Finds out which ways this machine's libvirt and tools cannot go. */
final class Obstacles {
    private final Ground ground;
    private final Map<String, String> known = new HashMap<>();

    Obstacles(Ground ground) {
        this.ground = ground;
    }

    /**
     * Why some of these cannot be gone; the others can.
     *
     * @param guest one that may be saved to find out
     */
    Map<Way, String> of(List<Way> ways, Prepared guest) {
        Map<Way, String> found = new LinkedHashMap<>();
        for (Way way : ways) {
            if (way instanceof ByFiles files) {
                String why = known.computeIfAbsent(files.saveFormat(), format -> tried(format, guest));
                if (!why.isEmpty()) {
                    found.put(way, why);
                }
            }
        }
        return found;
    }

    /** What libvirt says when it is to save in that format; nothing if it does. */
    private String tried(String format, Prepared guest) {
        try {
            ground.saveFormat(format);
            Saved.of(guest.wake(ground), ground.emptyDirectory("leaving"));
            return "";
        } catch (LabException e) {
            return String.valueOf(e.getMessage());
        } finally {
            ground.clear(Prepared.GUEST);
        }
    }
}
