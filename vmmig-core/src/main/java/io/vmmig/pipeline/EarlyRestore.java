// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.RestoreRequest;
import io.vmmig.hypervisor.RestoringGuest;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/**
 * A restore that is begun while the guest still runs at the source, upon images that are still empty, since a hypervisor takes
 * longer to start than most guests take to send. For one thread.
 */
final class EarlyRestore implements AutoCloseable {
    /** How often it is asked whether it is ready; each time takes ten seconds, and a host with much to do may need two minutes. */
    private static final int PATIENCE = 12;

    private final RestoreRequest request;
    private final RestoringGuest restoring;
    private final BiPredicate<RestoreRequest, RestoreRequest> alike;
    private boolean ready;
    private boolean taken;

    /** @param alike whether what was begun for one request serves another */
    EarlyRestore(RestoreRequest request, RestoringGuest restoring, BiPredicate<RestoreRequest, RestoreRequest> alike) {
        this.request = request;
        this.restoring = restoring;
        this.alike = alike;
    }

    /**
     * Waits until the hypervisor has started and takes the guest as it was offered. It must not look at the disks any more when they
     * are written, and what it refuses is to be known before the guest is suspended.
     *
     * @throws VmmigException what the hypervisor has against it, or with {@link Problem#HYPERVISOR_TIMEOUT}
     */
    void awaitReady() throws VmmigException {
        for (int i = 0; i < PATIENCE && !ready; i++) {
            ready = restoring.awaitReady();
        }
        if (!ready) {
            throw new HypervisorException(
                    Problem.HYPERVISOR_TIMEOUT,
                    "the destination's hypervisor has not got ready for the guest in time",
                    "See there what keeps libvirt or QEMU from starting, and try again.");
        }
    }

    /** The restore, if it is the one that is asked for now that the guest stands still; else null. */
    @Nullable
    RestoringGuest take(RestoreRequest asked) {
        taken = ready && alike.test(request, asked);
        return taken ? restoring : null;
    }

    /** Ends it, unless it was taken. */
    @Override
    public void close() throws VmmigException {
        if (!taken) {
            restoring.close();
        }
    }
}
