// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The guests that this hypervisor object is saving or restoring: only one operation per guest at a time, and none while libvirt
 * may still finish an abandoned call. Thread-safe.
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
                    "Finish that first: resume the guest, retire it, or close the restore.");
        }
    }

    void release(UUID uuid) {
        claimed.remove(uuid);
    }
}
