// SPDX-License-Identifier: Apache-2.0
package io.vmmig.error;

import java.io.Serializable;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What went wrong, to which guest, in which phase, and in which state both ends are left. Immutable; this is also what one
 * end tells the other.
 *
 * @param problem what kind of problem it is, for programs
 * @param what what happened, as one sentence for people
 * @param remedy what the user can do about it, as one sentence; empty when there is nothing
 * @param guest the guest's name, or null as long as it is not known
 * @param phase the phase in which it happened, or null outside a migration
 * @param source what the source is left with
 * @param destination what the destination is left with
 */
public record Failure(
        Problem problem,
        String what,
        String remedy,
        @Nullable String guest,
        @Nullable Phase phase,
        EndState source,
        EndState destination)
        implements Serializable {
    public Failure {
        Objects.requireNonNull(problem, "problem");
        Objects.requireNonNull(what, "what");
        Objects.requireNonNull(remedy, "remedy");
        Objects.requireNonNull(source, "source");
        Objects.requireNonNull(destination, "destination");
    }

    /** A failure of which only the problem itself is known so far. */
    public static Failure of(Problem problem, String what, String remedy) {
        return new Failure(problem, what, remedy, null, null, EndState.UNKNOWN, EndState.UNKNOWN);
    }

    /** This failure, with the guest and the phase filled in where they were not known yet. */
    public Failure during(String guest, Phase phase) {
        return new Failure(
                problem,
                what,
                remedy,
                this.guest == null ? guest : this.guest,
                this.phase == null ? phase : this.phase,
                source,
                destination);
    }

    /** This failure, with what both ends are left with. */
    public Failure leaving(EndState source, EndState destination) {
        return new Failure(problem, what, remedy, guest, phase, source, destination);
    }

    /** This failure as the other end sees it: a cancellation here is a cancellation by its peer. */
    public Failure heardFromPeer() {
        Problem heard =
                switch (problem) {
                    case CANCELLED -> Problem.PEER_CANCELLED;
                    case DEADLINE_EXCEEDED -> Problem.PEER_DEADLINE_EXCEEDED;
                    default -> problem;
                };
        return new Failure(heard, what, remedy, guest, phase, source, destination);
    }

    /** This failure, with one more sentence added to the remedy. */
    public Failure advising(String more) {
        return new Failure(
                problem, what, remedy.isEmpty() ? more : remedy + " " + more, guest, phase, source, destination);
    }

    /** All of it as one line. */
    public String sentence() {
        StringBuilder text = new StringBuilder();
        if (guest != null) {
            text.append("guest ").append(guest).append(": ");
        }
        text.append(what).append(" [").append(problem);
        if (phase != null) {
            text.append(" in ").append(phase);
        }
        text.append(']');
        if (source != EndState.UNKNOWN || destination != EndState.UNKNOWN) {
            text.append(" Source: ").append(source.words());
            text.append("; destination: ").append(destination.words()).append('.');
        }
        if (!remedy.isEmpty()) {
            text.append(' ').append(remedy);
        }
        return text.toString();
    }
}
