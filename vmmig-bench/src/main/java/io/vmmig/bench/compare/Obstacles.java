// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import io.vmmig.lab.LabException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Finds out which methods this machine's libvirt and tools do not support. */
final class Obstacles {
    private final Ground ground;
    private final Map<String, String> known = new HashMap<>();

    Obstacles(Ground ground) {
        this.ground = ground;
    }

    /**
     * The methods that are not available, and why; all others are.
     *
     * @param guest one that may be saved to find out
     */
    Map<MigrationMethod, String> of(List<MigrationMethod> methods, Prepared guest) {
        Map<MigrationMethod, String> found = new LinkedHashMap<>();
        for (MigrationMethod method : methods) {
            if (method instanceof ByFiles files) {
                String why = known.computeIfAbsent(files.saveFormat(), format -> tried(format, guest));
                if (!why.isEmpty()) {
                    found.put(method, why);
                }
            }
        }
        return found;
    }

    /** libvirt's error when it saves in that format; empty if it succeeds. */
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
