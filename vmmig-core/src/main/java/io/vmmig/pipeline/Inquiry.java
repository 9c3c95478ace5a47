// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.handover.DepartureJournal;
import io.vmmig.transport.Outcome;
import io.vmmig.transport.Transport;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks a destination for the outcome of a hand-over whose answer was lost, for a limited time, since the guest is paused. */
final class Inquiry {
    private static final Logger LOG = LoggerFactory.getLogger(Inquiry.class);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(3);

    private Inquiry() {}

    /** The destination's answer; {@link Outcome#UNDER_WAY} if there was none in time. Does not throw. */
    static Outcome about(DepartureJournal journal, Transport transport, Duration patience) {
        String guest = journal.facts().guest();
        long end = System.nanoTime() + patience.toNanos();
        Duration pause = FIRST_PAUSE;
        while (true) {
            try {
                Outcome outcome = transport.outcomeOf(journal.facts().packageId(), journal);
                if (outcome != Outcome.UNDER_WAY) {
                    return outcome;
                }
                LOG.info("guest {}: the destination is still busy with it", guest);
            } catch (VmmigException e) {
                LOG.info("guest {}: {} cannot be asked what became of it: {}", guest, transport, e.getMessage());
                // The address may belong to another host for only a moment.
                if (e.problem() == Problem.NODE_UNKNOWN) {
                    return Outcome.UNDER_WAY;
                }
            }
            if (System.nanoTime() + pause.toNanos() > end) {
                return Outcome.UNDER_WAY;
            }
            try {
                TimeUnit.MILLISECONDS.sleep(pause.toMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return Outcome.UNDER_WAY;
            }
            pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause.multipliedBy(2);
        }
    }
}
