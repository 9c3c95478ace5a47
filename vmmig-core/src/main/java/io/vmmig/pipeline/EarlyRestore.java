// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.VmmigException;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.hypervisor.RestoreRequest;
import io.vmmig.hypervisor.RestoringGuest;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A restore that is begun while the guest still runs at the source, upon images that are still empty, since a hypervisor takes
 * longer to start than most guests take to send. For one thread.
 */
final class EarlyRestore implements AutoCloseable {
    private static final int PATIENCE = 6;

    private final RestoreRequest request;
    private final RestoringGuest restoring;
    private boolean ready;
    private boolean taken;

    EarlyRestore(RestoreRequest request, RestoringGuest restoring) {
        this.request = request;
        this.restoring = restoring;
    }

    /** Begins. */
    static EarlyRestore begin(Hypervisor hypervisor, Arrival arrival, RestoreRequest request) throws VmmigException {
        arrival.reserveLayers();
        return new EarlyRestore(request, hypervisor.restore(request));
    }

    /** Waits for the hypervisor, though not for long. */
    void awaitReady() throws VmmigException {
        ready = ready || restoring.awaitReady();
    }

    /** To be called before anything is written to the disks: what is not ready by now, and might still look at them, is ended. */
    void settle() throws VmmigException {
        // To begin again would not be sooner.
        for (int i = 0; i < PATIENCE && !ready; i++) {
            awaitReady();
        }
        if (!ready) {
            close();
        }
    }

    /** Gives up, from any thread. */
    void abort() {
        restoring.close();
    }

    /** The restore, if it is the one that is asked for now that the guest stands still; else null. */
    @Nullable
    RestoringGuest take(RestoreRequest asked) {
        taken = ready
                && asked.domainXml().equals(request.domainXml())
                && asked.persistent() == request.persistent()
                && Objects.equals(essence(asked.cookie()), essence(request.cookie()));
        return taken ? restoring : null;
    }

    /** Libvirt says of every guest whether it has a helper for slirp, with which no guest travels. */
    private static @Nullable String essence(@Nullable String cookie) {
        return cookie == null
                ? null
                : cookie.replaceAll(">\\s+<", "><")
                        .replace("<slirpHelper/>", "")
                        .replace("<cookie></cookie>", "<cookie/>");
    }

    /** Ends it, unless it was taken. */
    @Override
    public void close() {
        if (!taken) {
            restoring.close();
        }
    }
}
