// SPDX-License-Identifier: Apache-2.0
package io.vmmig.handover;

import io.vmmig.error.EndState;
import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.hypervisor.Interference;
import io.vmmig.hypervisor.SavedGuest;
import io.vmmig.report.Notice;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Errors and notices about what others do to a guest while it moves. */
public final class Interferences {
    private static final Logger LOG = LoggerFactory.getLogger(Interferences.class);

    private Interferences() {}

    static HypervisorException atSource(Interference interference) {
        return switch (interference.kind()) {
            case RAN ->
                new HypervisorException(
                        Problem.GUEST_INTERFERED,
                        "somebody else resumed the guest while it was paused for its migration: " + told(interference),
                        "Find out who did that, then start the migration again.");
            case ENDED ->
                new HypervisorException(
                        Problem.GUEST_NOT_RUNNING,
                        "somebody else ended the guest while it was paused for its migration: " + told(interference),
                        "Its disks are here as it left them; start it if that was a mistake.");
            case UNOBSERVED ->
                new HypervisorException(
                        Problem.HYPERVISOR_UNREACHABLE,
                        "nobody can tell whether the guest was paused all the time: " + told(interference),
                        "Start the migration again.");
        };
    }

    private static String told(Interference interference) {
        return interference.what() + " at " + interference.at() + "; now "
                + switch (interference.now()) {
                    case RUNNING -> "it runs";
                    case PAUSED -> "it is paused";
                    case STOPPED -> "it does not run";
                };
    }

    /**
     * The failure to report for one that occurred while the guest was paused: if somebody ended the guest, that is the cause of all others.
     */
    public static VmmigException explained(VmmigException failure, SavedGuest saved) {
        try {
            return saved.interference()
                    .filter(found -> failure.problem() != Problem.GUEST_INTERFERED)
                    .filter(found -> switch (found.kind()) {
                        case ENDED -> true;
                        case RAN -> failure.problem().family() == Problem.Family.HYPERVISOR;
                        case UNOBSERVED -> false;
                    })
                    .map(found -> VmmigException.of(atSource(found).failure(), failure))
                    .orElse(failure);
        } catch (VmmigException e) {
            LOG.debug("nothing is known of the guest after {}", failure.problem(), e);
            return failure;
        }
    }

    /** The guest's current state at this host, for an error. */
    public static EndState observed(Guest guest) {
        try {
            return switch (guest.state()) {
                case RUNNING -> EndState.RUNS;
                case PAUSED -> EndState.PAUSED;
                case STOPPED -> EndState.STOPPED;
            };
        } catch (VmmigException e) {
            LOG.debug("the state of {} cannot be read", guest.name(), e);
            return e.problem() == Problem.GUEST_UNKNOWN ? EndState.STOPPED : EndState.UNKNOWN;
        }
    }

    /** The guest ran at the source after the hand-over, and has now been ended there. */
    public static Notice ranTwice(String guest, Interference interference, Instant ended, Collection<Path> files) {
        Duration ran = Duration.between(interference.at(), ended);
        return new Notice(
                Notice.Kind.ALARM,
                guest,
                "the guest ran at the source after it had been handed over: " + interference.what() + " at "
                        + interference.at()
                        + (interference.now() == GuestState.RUNNING
                                ? ", and it ran there for up to " + ran.toMillis() + " ms"
                                : "")
                        + ". It has been ended at the source, since it has been handed over; whatever it did there after it was"
                        + " saved is not in the guest that moved. Its files were left at the source: "
                        + files.stream().map(Path::toString).collect(Collectors.joining(", ")),
                "See what it did meanwhile, and whether anybody has seen it twice on the network; then remove the files.");
    }

    /** The guest ran at the source while it was unknown whether the destination had taken it over. */
    public static Notice runsThoughUnknown(String guest, Interference interference) {
        return new Notice(
                Notice.Kind.ALARM,
                guest,
                "somebody else resumed the guest at the source, although the destination may have taken it: "
                        + told(interference),
                "See at once whether it runs at the destination too, and end one of them.");
    }

    /** The guest ran at the destination before it had been handed over. */
    public static Notice ranEarly(String guest, Interference interference) {
        return new Notice(
                Notice.Kind.INTERFERENCE,
                guest,
                "somebody else resumed the guest at the destination before it was handed over: " + interference.what()
                        + " at " + interference.at() + ". Its source had it paused all that time, so it ran once",
                "");
    }

    /** The error for a guest that was disturbed at the destination before its hand-over. */
    static HypervisorException atDestination(Interference interference) {
        boolean ended = interference.kind() == Interference.Kind.ENDED;
        return new HypervisorException(
                ended ? Problem.GUEST_NOT_RUNNING : Problem.GUEST_INTERFERED,
                "somebody else " + (ended ? "ended" : "resumed")
                        + " the guest at the destination before it was handed over: " + told(interference),
                "Find out who did that, then start the migration again.");
    }
}
