// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import io.vmmig.hypervisor.Hypervisor;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Allows one migration per guest and hypervisor in this process. A {@link DepartureClaim} excludes other processes. */
record GuestLock(Hypervisor hypervisor, String guest) {
    private static final Set<GuestLock> HELD = ConcurrentHashMap.newKeySet();

    static GuestLock take(Hypervisor hypervisor, String guest) throws HypervisorException {
        GuestLock lock = new GuestLock(hypervisor, guest);
        if (!HELD.add(lock)) {
            throw new HypervisorException(
                    Problem.GUEST_BUSY, "the guest is already migrating", "Wait for that migration, or cancel it.");
        }
        return lock;
    }

    void release() {
        HELD.remove(this);
    }
}
