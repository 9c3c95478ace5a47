// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.content.Digest;
import io.vmmig.crypto.SignerKey;
import io.vmmig.error.Problem;
import io.vmmig.error.TransportException;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.HandOverJournal;
import io.vmmig.transport.Outcome;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides, for the source, who has the guest of a package at a server: when its index is sent, after any answer to that, and after a
 * crash. {@code docs/http.md} has the argument, and {@code IndexHandOverModelTest} tries everything that a server may do.
 *
 * <p>The guest is handed over once the index is there. The source keeps it only if that never happened and never can: if no byte of the
 * index has left this host; or if a part of which no request is in flight was deleted and is seen to be gone, and the index is still
 * absent after that. In between nobody knows.
 *
 * <p>If the source waits for the destination's receipt, only the receipt decides, and not the server.
 *
 * @param server the package's objects
 * @param what the package's name, without secrets
 * @param journal where each step is recorded before it is taken; without an entry if the source has not sent the index
 */
record IndexHandOver(RemoteObjects server, String what, UUID packageId, HandOverJournal journal) {
    private static final Logger LOG = LoggerFactory.getLogger(IndexHandOver.class);

    /** What is found where the index should be. */
    private enum Found {
        OURS,
        NOTHING,
        ANOTHER
    }

    /**
     * Sends the index, which hands the guest over.
     *
     * @param first its first journal entry
     * @param awaited the receipt that decides; null if the index does
     * @throws VmmigException with {@link Problem#OUTCOME_UNKNOWN} when the index may be there; with any other problem when it is not, and
     *     can no longer make a package
     */
    void publish(HandOverEntry first, byte[] index, @Nullable AwaitedReceipt awaited) throws VmmigException {
        // Nobody waits for the receipt of a copy.
        boolean waits = awaited != null && journal.givesTheGuestAway();
        HandOverEntry sent = waits ? first : first.withoutReceipt();
        journal.record(sent.toString());
        Delivery delivery = new Delivery();
        @Nullable VmmigException failure = null;
        try {
            server.put(PartIndex.NAME, index, delivery);
        } catch (VmmigException e) {
            if (delivery.neverLeft()) {
                throw e;
            }
            failure = e;
        }
        if (awaited != null && waits) {
            awaited.await(this);
        } else if (failure == null) {
            confirm(sent);
        } else if (isRefused(failure, delivery)) {
            throw failure;
        }
    }

    /** Whether the package was withdrawn for certain after a failure; false if it is there after all. */
    private boolean isRefused(VmmigException why, Delivery delivery) throws VmmigException {
        Outcome outcome;
        try {
            outcome = outcome(delivery.refusedToOverwrite());
        } catch (VmmigException e) {
            throw unknown(why, e);
        }
        return switch (outcome) {
            case TAKEN -> false;
            case NOT_TAKEN -> true;
            case UNDER_WAY, UNHEARD_OF -> throw unknown(why, null);
        };
    }

    /** The server's word is not enough: it must show the index and all parts. */
    private void confirm(HandOverEntry sent) throws VmmigException {
        try {
            journal.record(sent.at(HandOverEntry.Step.CONFIRMED).toString());
        } catch (VmmigException e) {
            // It is handed over. Without this entry a recovery that does not find the index withdraws it, instead of
            // asking a person.
            LOG.warn("{}: it could not be recorded that the server has the index", what, e);
        }
        VmmigException hidden = unseen();
        try {
            if (look(sent) == Found.OURS && allPartsAreThere(sent)) {
                return;
            }
        } catch (VmmigException e) {
            throw unknown(hidden, e);
        }
        throw unknown(hidden, null);
    }

    private VmmigException unseen() {
        return new TransportException(
                Problem.OUTCOME_UNKNOWN,
                "the server of " + what + " has confirmed the package, but does not show all of it",
                "See whether somebody has deleted or replaced it; recover again when the server shows it.");
    }

    private VmmigException unknown(VmmigException why, @Nullable VmmigException also) {
        VmmigException unknown = new TransportException(
                Problem.OUTCOME_UNKNOWN,
                "the index of the package was sent to " + what + ", and it is not known whether it is there: "
                        + why.failure().what(),
                "Recover when the server can be reached again.",
                why);
        if (also != null) {
            unknown.addSuppressed(also);
        }
        return unknown;
    }

    /**
     * Who has the guest.
     *
     * @return {@link Outcome#UNHEARD_OF} when a person has to look
     * @throws VmmigException when that is not known now
     */
    Outcome outcome() throws VmmigException {
        return outcome(false);
    }

    /** @param overwritesNothing whether another index at the place proves that ours has never been there */
    private Outcome outcome(boolean overwritesNothing) throws VmmigException {
        Optional<HandOverEntry> latest = HandOverEntry.latestOf(journal);
        if (latest.isEmpty()) {
            return unrecorded();
        }
        return latest.get().receiptBy() == null
                ? byIndex(latest.get(), overwritesNothing)
                : receipt(latest.get(), latest.get().receiptBy());
    }

    /**
     * Nobody can make the index but its source, which records before it sends. So it was not sent, whether or not the server can be asked. But
     * if it is there, the journal has lost entries, and a destination may have the guest.
     */
    private Outcome unrecorded() {
        try {
            Optional<byte[]> index = server.get(PartIndex.NAME, PartIndex.MAX_BYTES);
            boolean ours =
                    index.isPresent() && PartIndex.parse(index.get()).id().equals(packageId.toString());
            return ours ? Outcome.UNHEARD_OF : Outcome.NOT_TAKEN;
        } catch (VmmigException e) {
            LOG.info("{}: {}", what, e.getMessage());
            return Outcome.NOT_TAKEN;
        }
    }

    private Outcome receipt(HandOverEntry entry, SignerKey by) throws VmmigException {
        Optional<byte[]> content = server.get(Receipt.name(packageId), Receipt.MAX_BYTES);
        if (content.isEmpty()) {
            throw new TransportException(
                    Problem.OUTCOME_UNKNOWN,
                    "the destination of " + what + " has not written its receipt beside the package yet",
                    "Let the destination restore the package, or refuse it; then recover again.");
        }
        Receipt receipt = Receipt.verified(content.get(), by);
        Digest taken = receipt.index();
        boolean ours = receipt.packageId().equals(packageId) && (taken == null || taken.equals(entry.index()));
        if (!ours) {
            throw new TransportException(
                    Problem.OUTCOME_UNKNOWN,
                    "the receipt beside " + what + " is of another package",
                    "Find out who writes to the server, and see at the destination whether it has the guest.");
        }
        return taken == null ? Outcome.NOT_TAKEN : Outcome.TAKEN;
    }

    private Outcome byIndex(HandOverEntry entry, boolean overwritesNothing) throws VmmigException {
        Found found = look(entry);
        if (found == Found.OURS) {
            return entry.step() != HandOverEntry.Step.WITHDRAWN && allPartsAreThere(entry)
                    ? Outcome.TAKEN
                    : Outcome.UNHEARD_OF;
        }
        if (entry.step() == HandOverEntry.Step.CONFIRMED) {
            throw unseen();
        }
        if (entry.pivot() < 0) {
            throw new TransportException(
                    Problem.OUTCOME_UNKNOWN,
                    "each part of " + what + " had to be sent more than once, so it cannot be withdrawn for certain",
                    "Make sure at the server that the package has no index and gets none, and delete its parts; then say where"
                            + " the guest lives with Recovery.keepOnlyAt(…).");
        }
        String pivot = PartIndex.partName(packageId.toString(), entry.pivot());
        if ((found == Found.ANOTHER && !overwritesNothing) || !server.isThere(pivot)) {
            // Ours may have been there, and used, before.
            return Outcome.UNHEARD_OF;
        }
        journal.record(entry.at(HandOverEntry.Step.WITHDRAWN).toString());
        delete(pivot);
        // If it arrived in between, somebody may have read the whole package by now.
        return look(entry) == Found.OURS ? Outcome.UNHEARD_OF : Outcome.NOT_TAKEN;
    }

    private void delete(String pivot) throws VmmigException {
        VmmigException refusal = VmmigException.of(
                Problem.PROTOCOL_VIOLATION,
                "the server of " + what + " says that it has deleted a part, and still has it",
                "Check the server, and try again.");
        try {
            server.delete(pivot);
        } catch (VmmigException e) {
            // It may have been deleted all the same.
            refusal = e;
        }
        if (server.isThere(pivot)) {
            throw refusal;
        }
    }

    private Found look(HandOverEntry entry) throws VmmigException {
        Optional<byte[]> content = server.get(PartIndex.NAME, PartIndex.MAX_BYTES);
        if (content.isEmpty()) {
            return Found.NOTHING;
        }
        if (digestOf(content.get()).equals(entry.index())) {
            return Found.OURS;
        }
        // Anything but an index, such as the page of a proxy, shows nothing.
        if (!PartIndex.parse(content.get()).id().equals(packageId.toString())) {
            return Found.ANOTHER;
        }
        throw VmmigException.of(
                Problem.PROTOCOL_VIOLATION,
                "the server of " + what + " shows another index of the package than was sent to it",
                "Find out who writes to the server, and see whether anybody has used the package.");
    }

    private boolean allPartsAreThere(HandOverEntry entry) throws VmmigException {
        return server.areThere(IntStream.range(0, entry.parts())
                .mapToObj(i -> PartIndex.partName(packageId.toString(), i))
                .toList());
    }

    static Digest digestOf(byte[] content) {
        return Digest.of(content);
    }
}
