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

/** Gives a complete package away, and finds out what became of it. */
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

    /** Whether the destination may have been told, so that it must not be told to give up. */
    boolean begun() {
        return begun;
    }

    /** What the destination has, once it has taken the guest; null before. */
    @Nullable
    EndState delivered() {
        return delivered;
    }

    /** Gives the guest away; returns when it ran again, as far as that is known. */
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

    /** Makes the package of a guest that continues here appear in its store. */
    void publish(SourceHandOver hand) throws VmmigException {
        context.recorder().enter(Phase.COMMIT);
        to.outgoing.finish();
        context.cancellation().pointOfNoReturn();
        VmmigException lost = deliver();
        if (lost != null) {
            hand.resolve(ask(), lost);
        }
        hand.settle();
    }

    /** Null when the destination has confirmed it; else why nobody knows whether it has the guest. */
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
