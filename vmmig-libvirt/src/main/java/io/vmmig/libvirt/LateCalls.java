// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/** Abandoned changes of guests that may still succeed. Until they have ended, the guest cannot be changed again. Thread-safe. */
final class LateCalls {
    private final ConcurrentMap<Pending<?>, UUID> open = new ConcurrentHashMap<>();

    /** Registers an abandoned change. */
    void add(UUID uuid, Pending<?> call) {
        open.put(call, uuid);
        call.whenOver(() -> open.remove(call));
    }

    /** Throws while libvirt may still change that guest. */
    void requireNone(UUID uuid, String name) throws HypervisorException {
        for (var entry : open.entrySet()) {
            if (entry.getValue().equals(uuid)) {
                throw new HypervisorException(
                        Problem.GUEST_BUSY,
                        "libvirt has not yet answered an earlier, abandoned call: "
                                + entry.getKey().doing(),
                        "Check why libvirt does not answer, and try " + name + " again when it does.");
            }
        }
    }
}
