// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import io.vmmig.error.Problem;
import io.vmmig.error.TransportException;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.HandOverOutcomes;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.Outcome;
import io.vmmig.transport.OutgoingSession;
import io.vmmig.transport.Peer;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A transport inside one process, with a bounded buffer between its ends. Thread-safe. */
public final class InMemoryTransport implements Peer {
    private final BlockingQueue<IncomingSession> arrivals = new LinkedBlockingQueue<>();
    private volatile boolean losesAnswerToCommit;
    private volatile HandOverOutcomes outcomes = (packageId, asker) -> Outcome.UNHEARD_OF;

    /** A transport with nobody at it yet. */
    public InMemoryTransport() {}

    /** From now on the destination hears the commit, and the source does not hear the answer. */
    public void loseAnswerToCommit() {
        losesAnswerToCommit = true;
    }

    /** From now on sources that ask what became of a package are answered from there. */
    public void answerFrom(HandOverOutcomes book) {
        outcomes = book;
    }

    @Override
    public Outcome outcomeOf(UUID packageId) throws VmmigException {
        return outcomes.outcomeOf(packageId, Optional.empty());
    }

    @Override
    public Optional<String> address() {
        return Optional.of("memory");
    }

    @Override
    public OutgoingSession open() {
        InMemoryLink link = new InMemoryLink(losesAnswerToCommit);
        arrivals.add(link.incoming());
        return link.outgoing();
    }

    @Override
    public String description() {
        return "another host in memory";
    }

    /**
     * The destination's side of the next session.
     *
     * @throws VmmigException with {@link Problem#PEER_STALLED} when nobody comes in time
     */
    public IncomingSession accept(Duration atMost) throws VmmigException, InterruptedException {
        IncomingSession session = arrivals.poll(atMost.toMillis(), TimeUnit.MILLISECONDS);
        if (session == null) {
            throw new TransportException(Problem.PEER_STALLED, "nobody came within " + atMost, "");
        }
        return session;
    }
}
