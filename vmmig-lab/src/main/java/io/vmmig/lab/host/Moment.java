// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import io.vmmig.error.Phase;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.RestoredGuest;
import io.vmmig.hypervisor.RestoringGuest;
import io.vmmig.hypervisor.SavedGuest;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.OutgoingSession;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A moment of a hand-over at one of its ends, at which the end can be made to wait: between two calls that vmmig makes, so that it is
 * certain what is done by then, what is noted, and what is neither. In the order of their time at each end.
 */
public enum Moment {
    /** The guest has been looked at, and the destination does not know of it yet. */
    SOURCE_OFFERING("before OFFER", true, OutgoingSession.class, "offer", false),
    /** The destination has said that it takes the guest, and nothing is noted. */
    SOURCE_ACCEPTED("OFFER", true, OutgoingSession.class, "offer", true),
    /** The departure is noted, and the guest still runs. */
    SOURCE_PREPARED("PREPARED", true, Guest.class, "save", false),
    /** The guest stands still, and nothing of its memory has been sent. */
    SOURCE_SAVED("SAVED", true, Guest.class, "save", true),
    /** Some of the memory has been sent. */
    SOURCE_HALFWAY("in the middle of the memory", true, SavedGuest.class, "memory", false),
    /** The destination has said that it has all, and the guest is not given away yet. */
    SOURCE_SENT("SENT", true, OutgoingSession.class, "finish", true),
    /** It is noted that the guest is given away, and the word has not been sent. */
    SOURCE_COMMITTED("COMMITTED", true, OutgoingSession.class, "commit", false),
    /** The destination has said that the guest runs there, and it is still here, paused. */
    SOURCE_CONFIRMED("COMMITTED, answered", true, OutgoingSession.class, "commit", true),
    /** The guest is here no more, which is not noted yet. */
    SOURCE_RETIRED("RETIRED", true, SavedGuest.class, "retire", true),

    /** The arrival is noted, and the source has not been told that it may send. */
    DESTINATION_OFFERED("OFFERED", false, IncomingSession.class, "accept", false),
    /** Some of the memory is in the hypervisor. */
    DESTINATION_HALFWAY("in the middle of the memory", false, RestoringGuest.class, "memory", false),
    /** All is here, and nothing of it is verified. */
    DESTINATION_RECEIVED("RECEIVED", false, null, Phase.RESTORE.name(), false),
    /** All is verified, and the guest is not restored. */
    DESTINATION_VERIFIED("VERIFIED", false, RestoringGuest.class, "finish", false),
    /** The guest is here, paused, and the source has not been told. */
    DESTINATION_RESTORED("RESTORED", false, IncomingSession.class, "restored", false),
    /** The source has been told, and its word has not been read. */
    DESTINATION_WAITING("RESTORED, told", false, IncomingSession.class, "awaitCommit", false),
    /** It is noted that the guest is given to this host, and it is paused. */
    DESTINATION_COMMITTED("COMMITTED", false, RestoredGuest.class, "resume", false),
    /** The guest runs here, which is not noted. */
    DESTINATION_RUNNING("COMMITTED, runs", false, RestoredGuest.class, "resume", true),
    /** It is noted that the guest runs here, and the source has not been told. */
    DESTINATION_RESUMED("RESUMED", false, IncomingSession.class, "resumed", false);

    private final String state;
    private final boolean atSource;
    private final @Nullable Class<?> type;
    private final String call;
    private final boolean after;

    Moment(String state, boolean atSource, @Nullable Class<?> type, String call, boolean after) {
        this.state = state;
        this.atSource = atSource;
        this.type = type;
        this.call = call;
        this.after = after;
    }

    /** Where that end stands in the hand-over, as it is called in its documentation. */
    public String state() {
        return state;
    }

    /** Whether it is the source that waits. */
    public boolean atSource() {
        return atSource;
    }

    /** Whether it comes at the same end, and not later. */
    public boolean upTo(Moment other) {
        return atSource == other.atSource && compareTo(other) <= 0;
    }

    boolean isCall(Class<?> made, String name, boolean afterwards) {
        return Objects.equals(type, made) && call.equals(name) && after == afterwards && !isHalfwayThrough(made);
    }

    boolean isHalfwayThrough(Class<?> made) {
        return Objects.equals(type, made) && call.equals("memory");
    }

    boolean isPhase(String phase) {
        return type == null && call.equals(phase);
    }

    @Override
    public String toString() {
        return (atSource ? "source " : "destination ") + state;
    }
}
