// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.files.Claim;
import io.vmmig.files.FileNames;
import io.vmmig.handover.DepartureJournal;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.state.HostState;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The claim on a departing guest. Only one program of this host moves a guest at a time, and what an unresolved departure has left is not
 * moved as if it were the guest.
 */
record DepartureClaim(Claim claim, UUID guest, Path departures) implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DepartureClaim.class);

    /**
     * Claims the guest for a migration.
     *
     * @throws VmmigException with {@link Problem#GUEST_BUSY} when another program moves it, or an earlier departure has to be resolved
     *     first
     */
    static DepartureClaim take(Guest guest, Hypervisor hypervisor, HostState state) throws VmmigException {
        Path departures = state.directory(HostState.Part.DEPARTURES);
        requireResolved(guest, departures);
        try {
            return take(guest.uuid(), hypervisor, state, left -> binds(guest, left, departures));
        } catch (Claim.HeldException e) {
            throw e.live()
                    ? VmmigException.of(
                            Problem.GUEST_BUSY,
                            "the guest is already migrating, by another program of this host or by its recovery",
                            "Wait for that migration, or cancel it.")
                    : unresolved("with its journal in " + e.text());
        }
    }

    /** Claims the guest to resolve an earlier departure; empty when somebody else holds the claim. */
    static Optional<DepartureClaim> take(UUID guest, Hypervisor hypervisor, HostState state) throws VmmigException {
        try {
            return Optional.of(take(guest, hypervisor, state, left -> false));
        } catch (Claim.HeldException e) {
            return Optional.empty();
        }
    }

    private static DepartureClaim take(UUID guest, Hypervisor hypervisor, HostState state, Predicate<String> binding)
            throws VmmigException, Claim.HeldException {
        Path directory = directory(hypervisor, state);
        Path departures = state.directory(HostState.Part.DEPARTURES);
        try {
            Claim claim = Claim.take(directory.resolve("leaving-" + guest), departures.toString(), binding);
            return new DepartureClaim(claim, guest, departures);
        } catch (IOException e) {
            throw VmmigException.from(
                    e,
                    Problem.FILE_FAILED,
                    "could not claim the guest in " + directory,
                    "Check the directory and its permissions.");
        }
    }

    /** The directory for claims on names and uuids of a hypervisor: its shared directory, or otherwise the host's state. */
    static Path directory(Hypervisor hypervisor, HostState state) throws VmmigException {
        return hypervisor.sharedDirectory().orElse(state.directory(HostState.Part.CLAIMS));
    }

    /** Whether the previous holder, with another state directory, has left an unresolved departure. */
    private static boolean binds(Guest guest, String left, Path ours) {
        if (left.indexOf('\0') >= 0) {
            // Left by a power failure before anything was begun: the claim is durable before that.
            LOG.warn("guest {}: an empty claim is ignored", guest.name());
            return false;
        }
        try {
            Path theirs = FileNames.path(left, "a claim");
            if (!theirs.equals(ours)) {
                requireResolved(guest, theirs);
            }
            return false;
        } catch (VmmigException e) {
            LOG.debug("guest {}: an earlier migration is open", guest.name(), e);
            return true;
        }
    }

    /** Allows a running guest that was not handed over; any other may run elsewhere, or wait to be resumed. */
    private static void requireResolved(Guest guest, Path departures) throws VmmigException {
        boolean runs = guest.state() == GuestState.RUNNING;
        for (DepartureJournal.Glance earlier : DepartureJournal.of(guest.uuid(), departures, runs)) {
            if (earlier.mayBeCommitted() || !(earlier.copied() || runs)) {
                throw unresolved("package " + earlier.facts().packageId());
            }
        }
    }

    private static VmmigException unresolved(String which) {
        return VmmigException.of(
                Problem.GUEST_BUSY,
                "an earlier migration of the guest, " + which
                        + ", was cut short, and it is not known yet whether the guest runs here",
                "Run Recovery at this host, and try again.");
    }

    /** Releases the claim; what needs a recovery is still in the journal. */
    @Override
    public void close() {
        try {
            if (DepartureJournal.of(guest, departures, true).isEmpty()) {
                claim.release();
            } else {
                claim.close();
            }
        } catch (VmmigException | IOException e) {
            LOG.warn("the claim on a guest could not be removed", e);
        }
    }
}
