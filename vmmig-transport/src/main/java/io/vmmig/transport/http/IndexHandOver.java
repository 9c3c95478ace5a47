// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.content.Digest;
import io.vmmig.crypto.SignerKey;
import io.vmmig.error.Problem;
import io.vmmig.error.TransportException;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.HandOverJournal;
import io.vmmig.transport.Outcome;
import java.security.MessageDigest;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides, for the source, who has the guest of a package at a server: when its index is sent, after any answer to that, and after a
 * crash. {@code docs/http.md} has the argument, and {@code IndexHandOverModelTest} walks through what a server may do.
 *
 * <p>The guest is given away when the index is there. It stays only if that never happened and never can: when no byte of the index
 * has left this host; or when a part of which no request is on its way any more was deleted, is seen to be gone, and the index is
 * still absent after that. In between nobody knows.
 *
 * <p>If the source waits for a destination's receipt, nothing that the server says decides: only the receipt does.
 *
 * @param server what there is of the package
 * @param what how the package is called, without secrets
 * @param packageId which package it is
 * @param journal where each step is recorded before it is taken; one without an entry is that of a source that has not sent the index
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
     * Sends the index, which gives the guest away.
     *
     * @param first what is recorded of it
     * @param awaited the receipt that decides; null if the index does
     * @throws VmmigException with {@link Problem#OUTCOME_UNKNOWN} when it may be there; with any other problem when it is not, and will
     *     not make a package any more
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

    /** Whether the package was taken back for certain after a failure; false if it is there after all. */
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

    /** That the server has taken it is not believed before it shows it. */
    private void confirm(HandOverEntry sent) throws VmmigException {
        try {
            journal.record(sent.at(HandOverEntry.Step.CONFIRMED).toString());
        } catch (VmmigException e) {
            // It is given away. Without this a recovery that does not find it takes it back, instead of asking a
            // person.
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
                "the server of " + what + " has said that it has the package, and does not show all of it",
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
     * @return {@link Outcome#UNHEARD_OF} when the server shows what a person has to look at
     * @throws VmmigException when it cannot be told now
     */
    Outcome outcome() throws VmmigException {
        return outcome(false);
    }

    /** @param overwritesNothing whether another index at the place says that ours has never been there */
    private Outcome outcome(boolean overwritesNothing) throws VmmigException {
        Optional<HandOverEntry> latest = HandOverEntry.latestOf(journal);
        if (latest.isEmpty()) {
            // Nobody can make the index but its source, which records before it sends.
            return Outcome.NOT_TAKEN;
        }
        return latest.get().receiptBy() == null
                ? byIndex(latest.get(), overwritesNothing)
                : receipt(latest.get(), latest.get().receiptBy());
    }

    private Outcome receipt(HandOverEntry entry, SignerKey by) throws VmmigException {
        Optional<byte[]> content = server.get(Receipt.name(packageId), Receipt.MAX_BYTES);
        if (content.isEmpty()) {
            throw new TransportException(
                    Problem.OUTCOME_UNKNOWN,
                    "the receipt that the destination of " + what + " leaves beside the package is not there yet",
                    "Let the destination take the package in, or refuse it; then recover again.");
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
                    "each part of " + what + " had to be sent more than once, so it cannot be taken back for certain",
                    "See at the server that the package has no index, nor gets one, and delete its parts; then say where the"
                            + " guest lives with Recovery.keepOnlyAt(…).");
        }
        String pivot = PartIndex.partName(packageId.toString(), entry.pivot());
        if ((found == Found.ANOTHER && !overwritesNothing) || !server.isThere(pivot)) {
            // Ours may have been there, and used, before.
            return Outcome.UNHEARD_OF;
        }
        journal.record(entry.at(HandOverEntry.Step.WITHDRAWN).toString());
        delete(pivot);
        // If it came in between, somebody may have read all of the package by now.
        return look(entry) == Found.OURS ? Outcome.UNHEARD_OF : Outcome.NOT_TAKEN;
    }

    private void delete(String pivot) throws VmmigException {
        VmmigException refusal = VmmigException.of(
                Problem.PROTOCOL_VIOLATION,
                "the server of " + what + " says that a part was deleted, and still has it",
                "See to the server, and try again.");
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
        // What is no index at all, such as the page of a proxy, says nothing about what is there.
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
        MessageDigest sha256 = Digest.newSha256();
        sha256.update(content);
        return Digest.of(sha256);
    }
}
