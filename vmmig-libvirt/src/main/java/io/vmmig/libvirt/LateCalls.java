// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/** Changes of guests that were given up and may still come true. Until they are over nothing new is begun with the guest. Thread-safe. */
final class LateCalls {
    private final ConcurrentMap<Pending<?>, UUID> open = new ConcurrentHashMap<>();

    /** Has been given up. */
    void add(UUID uuid, Pending<?> call) {
        open.put(call, uuid);
        call.whenOver(() -> open.remove(call));
    }

    /** Refuses while libvirt may still do something about that guest. */
    void requireNone(UUID uuid, String name) throws HypervisorException {
        for (var entry : open.entrySet()) {
            if (entry.getValue().equals(uuid)) {
                throw new HypervisorException(
                        Problem.GUEST_BUSY,
                        "libvirt has not answered yet to an earlier call that was given up: "
                                + entry.getKey().doing(),
                        "See what keeps libvirt from answering, and try " + name + " again when it does.");
            }
        }
    }
}
