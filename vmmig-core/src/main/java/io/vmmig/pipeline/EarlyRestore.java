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
 * A restore that is begun while the guest still runs at the source, with placeholder images, since a hypervisor takes longer to start than
 * most guests take to send. For one thread.
 */
final class EarlyRestore implements AutoCloseable {
    /** Attempts of ten seconds each: a busy host may need two minutes. */
    private static final int PATIENCE = 12;

    private final RestoreRequest request;
    private final RestoringGuest restoring;
    private final BiPredicate<RestoreRequest, RestoreRequest> alike;
    private boolean ready;
    private boolean taken;

    /**
     * @param alike whether a restore that was begun for one request can serve another
     */
    EarlyRestore(RestoreRequest request, RestoringGuest restoring, BiPredicate<RestoreRequest, RestoreRequest> alike) {
        this.request = request;
        this.restoring = restoring;
        this.alike = alike;
    }

    /**
     * Waits until the hypervisor has started and accepts the guest as offered. It must have stopped reading the disks before they are
     * written, and a refusal must be known before the guest is paused.
     *
     * @throws VmmigException the hypervisor's refusal, or with {@link Problem#HYPERVISOR_TIMEOUT}
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

    /** The restore, if it suits the request for the paused guest; otherwise null. */
    @Nullable
    RestoringGuest take(RestoreRequest asked) {
        taken = ready && alike.test(request, asked);
        return taken ? restoring : null;
    }

    /** Aborts the restore, unless it was taken. */
    @Override
    public void close() throws VmmigException {
        if (!taken) {
            restoring.close();
        }
    }
}
