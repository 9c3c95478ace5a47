// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.GuestRecord;
import io.vmmig.error.EndState;
import io.vmmig.error.Phase;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.handover.DepartureJournal;
import io.vmmig.handover.SourceHandOver;
import io.vmmig.transport.Outcome;
import io.vmmig.transport.Transport;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Hands a complete package over, and determines the outcome. */
final class Delivery {
    private final SourceContext context;
    private final Transport transport;
    private final Destination to;
    private final DepartureJournal journal;
    private boolean begun;
    private @Nullable EndState delivered;

    Delivery(SourceContext context, Transport transport, Destination to, DepartureJournal journal) {
        this.context = context;
        this.transport = transport;
        this.to = to;
        this.journal = journal;
    }

    /** Whether the hand-over may have reached the destination, so that it must not be aborted any more. */
    boolean begun() {
        return begun;
    }

    /** The destination's state, once it has taken the guest over; null before. */
    @Nullable
    EndState delivered() {
        return delivered;
    }

    /** Hands the guest over; returns when it ran again, if that is known. */
    @Nullable
    Instant handOver(SourceHandOver hand, GuestRecord saved) throws VmmigException {
        context.recorder().enter(Phase.RESTORE);
        to.outgoing.finish();
        hand.sent();
        context.recorder().enter(Phase.COMMIT);
        context.cancellation().pointOfNoReturn();
        hand.commit(saved.autostart());
        VmmigException lost = deliver();
        Instant resumedAt = to.resumedAt(saved.running());
        Outcome outcome = lost == null ? Outcome.TAKEN : ask();
        if (outcome == Outcome.TAKEN) {
            delivered = to.delivered(saved.running());
            context.recorder().enter(Phase.RETIRE);
        }
        hand.resolve(outcome, lost);
        return resumedAt;
    }

    /** Publishes the package of a guest that continues here. */
    void publish(SourceHandOver hand) throws VmmigException {
        context.recorder().enter(Phase.COMMIT);
        to.outgoing.finish();
        context.cancellation().pointOfNoReturn();
        VmmigException lost = deliver();
        if (lost != null) {
            hand.resolve(ask(), lost);
        }
        hand.endJournal();
    }

    /** Null when the destination has confirmed; otherwise why the outcome is unknown. */
    private @Nullable VmmigException deliver() throws VmmigException {
        begun = true;
        try {
            to.deliver(journal);
            return null;
        } catch (VmmigException e) {
            if (e.problem() != Problem.OUTCOME_UNKNOWN) {
                throw e;
            }
            return e;
        }
    }

    private Outcome ask() {
        return Inquiry.about(journal, transport, context.settings().inquiryTimeout);
    }
}
