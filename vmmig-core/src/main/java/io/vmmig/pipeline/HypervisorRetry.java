// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does what a guest needs although its hypervisor cannot be reached at the moment: libvirtd is started again within a second when it is
 * upgraded, and a guest that is paused is not to wait for a person because of that.
 */
final class HypervisorRetry {
    private static final Logger LOG = LoggerFactory.getLogger(HypervisorRetry.class);
    private static final long FIRST_PAUSE_MILLIS = 100;
    private static final long LONGEST_PAUSE_MILLIS = 2000;

    /** What is to be done; it is done again if the hypervisor did not answer, so that must do no harm. */
    @FunctionalInterface
    interface Step {
        void run() throws VmmigException;
    }

    /** What is asked; it is asked again if the hypervisor did not answer. */
    @FunctionalInterface
    interface Question<T> {
        T ask() throws VmmigException;
    }

    private HypervisorRetry() {}

    /** Whether the hypervisor may do later what it could not do now, or may have done it without saying so. */
    static boolean mayHelp(VmmigException e) {
        return e.problem() == Problem.HYPERVISOR_UNREACHABLE
                || e.problem() == Problem.HYPERVISOR_TIMEOUT
                || e.problem() == Problem.GUEST_BUSY;
    }

    /**
     * Does it, and tries again for that long while the hypervisor does not answer.
     *
     * @throws VmmigException why it failed the last time
     */
    static void run(String guest, Duration atMost, Step step) throws VmmigException {
        call(guest, atMost, () -> {
            step.run();
            return true;
        });
    }

    /** The same, for an answer. */
    static <T> T call(String guest, Duration atMost, Question<T> question) throws VmmigException {
        long end = System.nanoTime() + atMost.toNanos();
        for (long pause = FIRST_PAUSE_MILLIS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MILLIS)) {
            try {
                return question.ask();
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
