// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which guests this hypervisor object is saving or restoring: one at a time may do that to a guest, and nobody while libvirt may
 * still finish something that was given up. Thread-safe.
 */
final class Claims {
    private final Set<UUID> claimed = ConcurrentHashMap.newKeySet();
    private final LateCalls late;

    Claims(LateCalls late) {
        this.late = late;
    }

    void claim(UUID uuid, String name) throws HypervisorException {
        late.requireNone(uuid, name);
        if (!claimed.add(uuid)) {
            throw new HypervisorException(
                    Problem.GUEST_BUSY,
                    name + " is being saved or restored already",
                    "Settle that first: let the guest go on, retire it, or close the restore.");
        }
    }

    void release(UUID uuid) {
        claimed.remove(uuid);
    }
}
