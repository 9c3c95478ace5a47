// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Retries a call while its hypervisor cannot be reached. An upgrade restarts libvirtd within a second, and a paused guest should not wait
 * for a person because of that.
 */
final class HypervisorRetry {
    private static final Logger LOG = LoggerFactory.getLogger(HypervisorRetry.class);
    private static final long FIRST_PAUSE_MILLIS = 100;
    private static final long LONGEST_PAUSE_MILLIS = 2000;

    private HypervisorRetry() {}

    /** Whether a retry may succeed, or the call may have taken effect although it failed. */
    static boolean mayHelp(VmmigException e) {
        return e.problem() == Problem.HYPERVISOR_UNREACHABLE
                || e.problem() == Problem.HYPERVISOR_TIMEOUT
                || e.problem() == Problem.GUEST_BUSY;
    }

    /**
     * Runs {@code step}, which may safely be repeated, and retries for up to {@code atMost} while the hypervisor does not answer.
     *
     * @throws VmmigException the last failure
     */
    static void run(String guest, Duration atMost, Work.Step step) throws VmmigException {
        call(guest, atMost, Work.of(step));
    }

    /** As {@link #run}, for a query. */
    static <T> T call(String guest, Duration atMost, Work<T> query) throws VmmigException {
        long end = System.nanoTime() + atMost.toNanos();
        for (long pause = FIRST_PAUSE_MILLIS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MILLIS)) {
            try {
                return query.run();
            } catch (VmmigException e) {
                if (!mayHelp(e) || System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(pause) > end) {
                    throw e;
                }
                LOG.warn(
                        "guest {}: trying again, because {}", guest, e.failure().what());
                try {
                    TimeUnit.MILLISECONDS.sleep(pause);
                } catch (InterruptedException interrupted) {
                    Thread.currentThread().interrupt();
                    throw e;
                }
            }
        }
    }
}
