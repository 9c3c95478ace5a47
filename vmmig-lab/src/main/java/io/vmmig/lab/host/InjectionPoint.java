// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import io.vmmig.error.Phase;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.RestoredGuest;
import io.vmmig.hypervisor.RestoringGuest;
import io.vmmig.hypervisor.SavedGuest;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.OutgoingSession;
import io.vmmig.transport.PackageUpload;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A point of a hand-over at which one end can be made to wait. It lies between two calls that vmmig makes, so that it is certain
 * which steps have been taken and which have been journalled. In chronological order for each end.
 */
public enum InjectionPoint {
    /** The guest has been inspected; the destination does not know about it yet. */
    SOURCE_OFFERING("before OFFER", true, OutgoingSession.class, "offer", false),
    /** The destination has accepted the guest; nothing is journalled. */
    SOURCE_ACCEPTED("OFFER", true, OutgoingSession.class, "offer", true),
    /** All of a baseline has been sent; nothing is journalled, and the guest runs. */
    SOURCE_BASELINE("BASELINE", true, OutgoingSession.class, "awaitReady", false),
    /** The departure is journalled; the guest still runs. */
    SOURCE_PREPARED("PREPARED", true, Guest.class, "save", false),
    /** A live save has begun; the guest runs, and none of its memory has been sent. */
    SOURCE_LIVE("LIVE", true, Guest.class, "saveLive", true),
    /** The guest still runs; some of its memory has been sent. */
    SOURCE_PRECOPY("LIVE, in the middle of the memory", true, SavedGuest.class, "memory", false),
    /** Most of the memory of a live migration has been sent; the guest is paused, which nobody has noticed. */
    SOURCE_PAUSED("LIVE, paused", true, SavedGuest.class, "pause", false),
    /** The guest is paused; none of its memory has been sent. */
    SOURCE_SAVED("SAVED", true, Guest.class, "save", true),
    /** Some of the memory has been sent. */
    SOURCE_HALFWAY("in the middle of the memory", true, SavedGuest.class, "memory", false),
    /** The destination has confirmed that it has everything; the source still owns the guest. */
    SOURCE_SENT("SENT", true, OutgoingSession.class, "finish", true),
    /** The source has journalled COMMITTED; the message has not been sent. */
    SOURCE_COMMITTED("COMMITTED", true, OutgoingSession.class, "commit", false),
    /** The destination has confirmed that the guest runs there; the source's copy is still here, paused. */
    SOURCE_CONFIRMED("COMMITTED, answered", true, OutgoingSession.class, "commit", true),
    /** The source's copy is gone, which is not journalled yet. */
    SOURCE_RETIRED("RETIRED", true, SavedGuest.class, "retire", true),

    /** A baseline is cached, which the source has not been told. */
    DESTINATION_BASELINE("BASELINE", false, IncomingSession.class, "ready", false),
    /** The arrival is journalled; the source has not been told that it may send. */
    DESTINATION_OFFERED("OFFERED", false, IncomingSession.class, "accept", false),
    /** The hypervisor has some of the memory of a guest that still runs at its source. */
    DESTINATION_PRECOPY("in the middle of the memory, live", false, RestoringGuest.class, "memory", false),
    /** The hypervisor has some of the memory. */
    DESTINATION_HALFWAY("in the middle of the memory", false, RestoringGuest.class, "memory", false),
    /** All data has arrived; nothing is verified. */
    DESTINATION_RECEIVED("RECEIVED", false, null, Phase.RESTORE.name(), false),
    /** All data is verified; the guest is not restored. */
    DESTINATION_VERIFIED("VERIFIED", false, RestoringGuest.class, "finish", false),
    /** The guest is restored and paused; the source has not been told. */
    DESTINATION_RESTORED("RESTORED", false, IncomingSession.class, "restored", false),
    /** The source has been told; its COMMIT has not been read. */
    DESTINATION_WAITING("RESTORED, told", false, IncomingSession.class, "awaitCommit", false),
    /** The destination has journalled COMMITTED; the guest is paused. */
    DESTINATION_COMMITTED("COMMITTED", false, RestoredGuest.class, "resume", false),
    /** The guest runs here, which is not journalled. */
    DESTINATION_RUNNING("COMMITTED, runs", false, RestoredGuest.class, "resume", true),
    /** The destination has journalled that the guest runs; the source has not been told. */
    DESTINATION_RESUMED("RESUMED", false, IncomingSession.class, "resumed", false);

    /** For each call of an upload, the call of a session at the same point. */
    private static final Map<String, String> OF_UPLOADS =
            Map.of("begin", "offer", "finish", "finish", "publish", "commit");

    private final String state;
    private final boolean atSource;
    private final @Nullable Class<?> type;
    private final String call;
    private final boolean after;

    InjectionPoint(String state, boolean atSource, @Nullable Class<?> type, String call, boolean after) {
        this.state = state;
        this.atSource = atSource;
        this.type = type;
        this.call = call;
        this.after = after;
    }

    /** The state of that end, as the hand-over's documentation names it. */
    public String state() {
        return state;
    }

    /** Whether it is the source that waits. */
    public boolean atSource() {
        return atSource;
    }

    /** With what a guest moves so that the point is reached. */
    public SendProfile profile() {
        return switch (this) {
            case SOURCE_BASELINE, DESTINATION_BASELINE -> SendProfile.WARM;
            case SOURCE_LIVE, SOURCE_PRECOPY, SOURCE_PAUSED, DESTINATION_PRECOPY -> SendProfile.LIVE;
            default -> SendProfile.DEFAULT;
        };
    }

    /** Whether this point is at the same end as the other one, and not later. */
    public boolean upTo(InjectionPoint other) {
        return atSource == other.atSource && compareTo(other) <= 0;
    }

    boolean isCall(Class<?> made, String name, boolean afterwards) {
        if (made == PackageUpload.class) {
            return OF_UPLOADS.containsKey(name) && isCall(OutgoingSession.class, OF_UPLOADS.get(name), afterwards);
        }
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
