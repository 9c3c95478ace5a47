// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.crypto.SignerKey;
import io.vmmig.error.Problem;
import io.vmmig.error.TransportException;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.Outcome;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * A destination's receipt that a source waits for before it removes its guest.
 *
 * @param by the key that the destination signs with
 * @param atMost how long the source waits while the guest is paused
 */
record AwaitedReceipt(SignerKey by, Duration atMost) {
    private static final Duration PAUSE = Duration.ofSeconds(1);

    /**
     * Waits until the destination says that it has the guest.
     *
     * @throws VmmigException with {@link Problem#OUTCOME_UNKNOWN} when there is none in time; with another problem when the destination
     *     says that it will never take the guest
     */
    void await(IndexHandOver handOver) throws VmmigException {
        long end = System.nanoTime() + atMost.toNanos();
        while (true) {
            VmmigException missing;
            Outcome outcome = Outcome.UNDER_WAY;
            try {
                outcome = handOver.outcome();
                missing = null;
            } catch (VmmigException e) {
                missing = e;
            }
            if (missing == null) {
                requireTaken(outcome, handOver);
                return;
            }
            if (System.nanoTime() + PAUSE.toNanos() > end || !paused()) {
                throw new TransportException(
                        Problem.OUTCOME_UNKNOWN,
                        "the package was sent to " + handOver.what()
                                + ", and it is not known whether its destination has the guest: "
                                + missing.failure().what(),
                        "Let the destination restore the package, or refuse it; then recover here.",
                        missing);
            }
        }
    }

    private static void requireTaken(Outcome outcome, IndexHandOver handOver) throws VmmigException {
        if (outcome != Outcome.TAKEN) {
            throw new TransportException(
                    Problem.PEER_FAILED,
                    "the destination of " + handOver.what() + " has signed that it will not take the package",
                    "Find the reason there, and pack the guest again.");
        }
    }

    private static boolean paused() {
        try {
            TimeUnit.MILLISECONDS.sleep(PAUSE.toMillis());
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
