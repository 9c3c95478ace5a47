// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.files.Claim;
import io.vmmig.files.FileNames;
import io.vmmig.handover.ArrivalJournal;
import io.vmmig.json.JsonFields;
import io.vmmig.json.JsonText;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The claims of an arriving guest, held from its offer on: its name, its uuid, its directory and each path outside of that. Two guests
 * cannot hold the same claim, even in different programs. A claim is released when its arrival is resolved; after a crash it holds until a
 * recovery has resolved the arrival.
 */
final class ArrivalClaims implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ArrivalClaims.class);
    private static final int MAX_TEXT = 4096;

    private final Path journal;
    private final List<Claim> claims = new ArrayList<>();

    private ArrivalClaims(Path journal) {
        this.journal = journal;
    }

    /**
     * The holder of a claim.
     *
     * @param packageId the guest's package
     * @param guest its name at this host
     * @param uuid its uuid at this host
     * @param source its source, in words
     * @param journal the journal of its arrival
     */
    record Holder(UUID packageId, String guest, UUID uuid, String source, Path journal) {
        private String text() {
            byte[] json = new JsonText()
                    .put("package", packageId)
                    .put("guest", guest)
                    .put("uuid", uuid)
                    .put("source", source)
                    .put("journal", journal)
                    .line();
            return new String(json, StandardCharsets.UTF_8);
        }

        /** Parses a claim's text; empty when it is malformed, as after a crash during its writing, when nothing had been created yet. */
        static Optional<Holder> of(String text) {
            try {
                JsonFields fields = JsonFields.of(text.getBytes(StandardCharsets.UTF_8), "a claim");
                return Optional.of(new Holder(
                        fields.uuid("package"),
                        fields.text("guest", MAX_TEXT),
                        fields.uuid("uuid"),
                        fields.text("source", MAX_TEXT),
                        FileNames.path(fields.text("journal", MAX_TEXT), "a claim")));
            } catch (VmmigException e) {
                LOG.debug("a claim says nothing", e);
                return Optional.empty();
            }
        }
    }

    /** Another arrival holds one of the claims. */
    static final class TakenException extends Exception {
        private static final long serialVersionUID = 1;

        private final transient Optional<Holder> other;
        private final boolean live;

        private TakenException(Claim.HeldException e) {
            super(e.getMessage(), e);
            other = Holder.of(e.text());
            live = e.live();
        }

        /** The other holder; empty while that one is just taking the claim. */
        Optional<Holder> other() {
            return other;
        }

        /** The refusal for the source of {@code guest}. */
        VmmigException refusal(String guest, UUID uuid) {
            if (other.isEmpty()) {
                return VmmigException.of(
                        Problem.GUEST_BUSY,
                        "another guest is just being offered to the destination under the name, uuid or path of "
                                + guest,
                        "Try again when that has ended.");
            }
            Holder holder = other.get();
            boolean same = holder.uuid().equals(uuid);
            String whose = (same ? "the guest " : "another guest, ") + holder.guest() + ", in package "
                    + holder.packageId() + " from " + holder.source();
            if (!live) {
                return VmmigException.of(
                        Problem.GUEST_BUSY,
                        whose
                                + ", was on its way to the destination when the program there ended, and what was made for it"
                                + " is still there",
                        "Run Recovery at the destination, with the state directory that has the journal "
                                + holder.journal() + ", and try again.");
            }
            return same
                    ? VmmigException.of(
                            Problem.GUEST_BUSY,
                            whose + ", is on its way to the destination already",
                            "Wait until that has ended, or cancel it; without a connection it ends within the time that the"
                                    + " destination waits for its source.")
                    : VmmigException.of(
                            Problem.NAME_IN_USE,
                            whose + ", is on its way to the destination, under a name or path that " + guest
                                    + " would have there",
                            "Receive one of them under another name.");
        }
    }

    /**
     * Takes all of them, or none.
     *
     * @param files the claims' files
     * @throws TakenException when another arrival holds one of them
     */
    static ArrivalClaims take(List<Path> files, Holder holder) throws VmmigException, TakenException {
        ArrivalClaims taken = new ArrivalClaims(holder.journal());
        boolean all = false;
        try {
            // In a fixed order, so that one of two competitors gets all of them.
            for (Path file : new TreeSet<>(files)) {
                taken.claims.add(Claim.take(file, holder.text(), ArrivalClaims::binds));
            }
            all = true;
            return taken;
        } catch (Claim.HeldException e) {
            throw new TakenException(e);
        } catch (IOException e) {
            throw VmmigException.from(
                    e,
                    Problem.FILE_FAILED,
                    "could not claim the guest's name, uuid and paths at the destination",
                    "Check the directories there and their permissions.");
        } finally {
            if (!all) {
                taken.release();
            }
        }
    }

    /** Whether the arrival that held the claim may be unresolved. */
    private static boolean binds(String text) {
        Optional<Holder> holder = Holder.of(text);
        try {
            return holder.isPresent() && !ArrivalJournal.isFinal(holder.get().journal());
        } catch (VmmigException e) {
            LOG.warn(
                    "it is not known whether an earlier arrival of {} is over",
                    holder.get().guest(),
                    e);
            return true;
        }
    }

    /** Releases the claims that a resolved arrival still holds, after a recovery. */
    static void releaseLeft(ArrivalJournal.Facts facts, Path journal) {
        for (Path file : facts.claims()) {
            try {
                if (Files.exists(file)) {
                    Claim.take(file, "", text -> Holder.of(text)
                                    .filter(holder -> !holder.journal().equals(journal))
                                    .isPresent())
                            .release();
                }
            } catch (Claim.HeldException e) {
                LOG.debug("{} is another arrival's by now", file, e);
            } catch (IOException e) {
                LOG.warn("the claim {} of an arrival that is over could not be removed", file, e);
            }
        }
    }

    /** Releases the claims: the arrival needs no recovery. Idempotent. */
    void release() {
        for (Claim claim : claims) {
            try {
                claim.release();
            } catch (IOException e) {
                LOG.warn("a claim of an arrival that is over could not be removed", e);
            }
        }
    }

    /** Releases the claims, unless the arrival needs a recovery. */
    @Override
    public void close() {
        boolean resolved = false;
        try {
            resolved = ArrivalJournal.isFinal(journal);
        } catch (VmmigException e) {
            LOG.warn("it is not known whether the arrival is over", e);
        }
        if (resolved) {
            release();
            return;
        }
        for (Claim claim : claims) {
            try {
                claim.close();
            } catch (IOException e) {
                LOG.warn("a claim could not be released", e);
            }
        }
    }
}
