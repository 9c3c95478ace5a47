// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * The guests that this hypervisor object is saving or restoring: only one operation per guest at a time, and none while libvirt
 * may still finish an abandoned call. Thread-safe.
 */
final class Claims {
    private final Set<UUID> claimed = ConcurrentHashMap.newKeySet();
    /** Abandoned changes that may still succeed. */
    private final ConcurrentMap<Pending<?>, UUID> late = new ConcurrentHashMap<>();

    void claim(UUID uuid, String name) throws HypervisorException {
        requireNoneLate(uuid, name);
        if (!claimed.add(uuid)) {
            throw new HypervisorException(
                    Problem.GUEST_BUSY,
                    name + " is being saved or restored already",
                    "Finish that first: resume the guest, retire it, or close the restore.");
        }
    }

    void release(UUID uuid) {
        claimed.remove(uuid);
    }

    /** Registers an abandoned change: until it has ended, the guest cannot be changed again. */
    void addLate(UUID uuid, Pending<?> call) {
        late.put(call, uuid);
        call.whenOver(() -> late.remove(call));
    }

    /** Throws while libvirt may still change that guest. */
    void requireNoneLate(UUID uuid, String name) throws HypervisorException {
        for (var entry : late.entrySet()) {
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
