// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import io.vmmig.hypervisor.Hypervisor;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Allows one migration per guest and hypervisor in this process. A {@link DepartureClaim} excludes other processes. */
final class GuestLock {
    private static final Set<Key> HELD = ConcurrentHashMap.newKeySet();

    private record Key(Hypervisor hypervisor, String guest) {}

    private final Key key;

    private GuestLock(Key key) {
        this.key = key;
    }

    static GuestLock take(Hypervisor hypervisor, String guest) throws HypervisorException {
        Key key = new Key(hypervisor, guest);
        if (!HELD.add(key)) {
            throw new HypervisorException(
                    Problem.GUEST_BUSY, "the guest is already migrating", "Wait for that migration, or cancel it.");
        }
        return new GuestLock(key);
    }

    void release() {
        HELD.remove(key);
    }
}
