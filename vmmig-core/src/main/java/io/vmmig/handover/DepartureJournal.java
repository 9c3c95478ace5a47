// SPDX-License-Identifier: Apache-2.0
package io.vmmig.handover;

import com.google.gson.JsonObject;
import io.vmmig.error.VmmigException;
import io.vmmig.json.JsonFields;
import io.vmmig.state.HostState;
import io.vmmig.transport.HandOverJournal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The source's journal of one departing guest, from before it is paused until the migration is resolved. Thread-safe. */
public final class DepartureJournal implements SourceJournal, HandOverJournal, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DepartureJournal.class);
    private static final String WHERE = "the journal of a departure";
    private static final String RAN = "ran";
    private static final String AUTOSTART = "autostart";

    private final Journal journal;
    private final Facts facts;

    private DepartureJournal(Journal journal, Facts facts) {
        this.journal = journal;
        this.facts = facts;
    }

    /**
     * The facts of a departure.
     *
     * @param packageId the guest's package
     * @param guest its name here
     * @param uuid its uuid here
     * @param running whether it was running when the journal was begun
     * @param copy whether it is only packed, and stays here
     * @param address its destination's address, or null if the destination cannot be asked
     * @param files its files that are removed once it has left
     * @param memoryBytes its memory size to restore if it stays, or null if it is not asked to lend any
     */
    public record Facts(
            UUID packageId,
            String guest,
            UUID uuid,
            boolean running,
            boolean copy,
            @Nullable String address,
            List<Path> files,
            @Nullable Long memoryBytes) {
        public Facts {
            files = List.copyOf(files);
        }

        private JsonObject toJson() {
            JsonObject json = new JsonObject();
            json.addProperty("package", packageId.toString());
            json.addProperty("guest", guest);
            json.addProperty("uuid", uuid.toString());
            json.addProperty("running", running);
            if (copy) {
                json.addProperty("copy", true);
            }
            if (address != null) {
                json.addProperty("address", address);
            }
            json.add("files", JournalDirectory.json(files));
            if (memoryBytes != null) {
                json.addProperty("memoryBytes", memoryBytes);
            }
            return json;
        }

        private static Facts of(JsonObject json) throws VmmigException {
            JsonFields fields = new JsonFields(json, WHERE);
            return new Facts(
                    fields.uuid("package"),
                    fields.text("guest", 1024),
                    fields.uuid("uuid"),
                    fields.flag("running"),
                    fields.has("copy") && fields.flag("copy"),
                    fields.has("address") ? fields.text("address", 1024) : null,
                    JournalDirectory.paths(fields, "files"),
                    fields.has("memoryBytes") ? fields.number("memoryBytes", 0, Long.MAX_VALUE) : null);
        }
    }

    /** Begins a journal, before the guest is paused. */
    public static DepartureJournal begin(HostState state, Facts facts) throws VmmigException {
        return new DepartureJournal(
                JournalDirectory.ofDepartures(state)
                        .begin(facts.packageId(), facts.toJson(), SourceState.PREPARED.name()),
                facts);
    }

    /** The journals of departures that are under way or unresolved. */
    public static List<Path> all(HostState state) throws VmmigException {
        return JournalDirectory.ofDepartures(state).all();
    }

    /** The package id in a journal's file name. */
    public static UUID packageOf(Path file) {
        return JournalDirectory.packageOf(file);
    }

    /**
     * The facts of a journal, even while its migration is under way or if later lines are damaged; empty when a crash cut off its first
     * line.
     */
    public static Optional<Facts> factsOf(Path file) throws VmmigException {
        Optional<JsonObject> facts = Journal.factsOf(file);
        return facts.isEmpty() ? Optional.empty() : Optional.of(Facts.of(facts.get()));
    }

    /**
     * A journal's content at one moment, read without opening it.
     *
     * @param facts the facts of the departure
     * @param mayBeCommitted as {@link DepartureJournal#mayBeCommitted()}
     * @param copied as {@link DepartureJournal#isCopied()}
     */
    public record Glance(Facts facts, boolean mayBeCommitted, boolean copied) {}

    /**
     * The departures of one guest in that directory of journals that are under way or unresolved. A damaged one counts as a possible
     * hand-over if its facts can still be read.
     *
     * @param passingOverDamaged whether to ignore a journal whose guest can no longer be read
     */
    public static List<Glance> of(UUID guest, Path directory, boolean passingOverDamaged) throws VmmigException {
        List<Glance> all = new ArrayList<>();
        for (Path file : JournalDirectory.in(directory).all()) {
            try {
                Optional<Facts> facts = factsOf(file);
                if (facts.isPresent() && facts.get().uuid().equals(guest)) {
                    glance(file, facts.get()).ifPresent(all::add);
                }
            } catch (VmmigException e) {
                if (!passingOverDamaged) {
                    throw e;
                }
                LOG.debug("{} is damaged, as its resolution says", file, e);
            }
        }
        return all;
    }

    private static Optional<Glance> glance(Path file, Facts facts) throws VmmigException {
        Optional<Journal.Glance> seen;
        try {
            seen = Journal.glance(file);
        } catch (VmmigException e) {
            LOG.warn("guest {}: {}", facts.guest(), e.getMessage());
            return Optional.of(new Glance(facts, !facts.copy(), false));
        }
        if (seen.isEmpty()) {
            return Optional.empty();
        }
        boolean torn = seen.get().torn();
        String state = seen.get().state();
        return Optional.of(new Glance(
                facts,
                !facts.copy() && (torn || state.equals(SourceState.COMMITTED.name())),
                facts.copy() && (torn || state.equals(SourceState.COPIED.name()))));
    }

    /** Opens a journal; empty when its migration has been resolved meanwhile, or a crash cut off its first line. */
    public static Optional<DepartureJournal> open(Path file) throws VmmigException {
        Optional<Journal> journal = Journal.open(file);
        if (journal.isEmpty()) {
            return Optional.empty();
        }
        Journal found = journal.get();
        try {
            // In an unknown state, the guest may have been handed over.
            SourceState.valueOf(found.state());
            return Optional.of(new DepartureJournal(found, Facts.of(found.facts())));
        } catch (VmmigException | IllegalArgumentException e) {
            found.close();
            throw Journal.notUnderstood(file);
        }
    }

    public Facts facts() {
        return facts;
    }

    /** Whether COMMIT may have been sent. */
    @Override
    public boolean mayBeCommitted() {
        return !facts.copy() && (journal.torn() || journal.state().equals(SourceState.COMMITTED.name()));
    }

    /**
     * Records that the guest is paused.
     *
     * @param ran whether it was running until then
     */
    @Override
    public void saved(boolean ran) throws VmmigException {
        if (ran != facts.running()) {
            JsonObject learned = new JsonObject();
            learned.addProperty(RAN, ran);
            journal.enter(SourceState.PREPARED.name(), learned);
        }
    }

    /** Whether the guest ran until it was paused, so that it is resumed if it stays. */
    @Override
    public boolean ran() throws VmmigException {
        JsonObject learned = journal.details();
        return learned.has(RAN) ? new JsonFields(learned, WHERE).flag(RAN) : facts.running();
    }

    /**
     * Records the hand-over, before COMMIT is sent.
     *
     * @param autostart whether this host starts it at boot; that is turned off now, and on again if the guest stays
     */
    @Override
    public void commit(boolean autostart) throws VmmigException {
        JsonObject learned = new JsonObject();
        learned.addProperty(AUTOSTART, autostart);
        journal.enter(SourceState.COMMITTED.name(), learned);
    }

    /** Whether this host is to start the guest at boot again if the guest stays. */
    @Override
    public boolean autostart() throws VmmigException {
        JsonObject learned = journal.details();
        return learned.has(AUTOSTART) && new JsonFields(learned, WHERE).flag(AUTOSTART);
    }

    /** Records that the guest has been packed: from here on vmmig does not care whether it runs. */
    @Override
    public void copied() throws VmmigException {
        journal.enter(SourceState.COPIED.name());
    }

    /** Whether only the package may have to be cleared up: the guest was packed, and belongs to its user again. */
    @Override
    public boolean isCopied() {
        return facts.copy() && (journal.torn() || journal.state().equals(SourceState.COPIED.name()));
    }

    @Override
    public boolean givesTheGuestAway() {
        return !facts.copy();
    }

    @Override
    public Optional<String> latest() {
        return Optional.ofNullable(journal.entry());
    }

    @Override
    public void record(String text) throws VmmigException {
        if (text.length() > MAX_LENGTH || !text.chars().allMatch(c -> c >= ' ' && c <= '~')) {
            throw new IllegalArgumentException("not what a transport may record: " + text);
        }
        journal.record(text);
    }

    /** Removes the journal: the guest has left, or continues here. */
    @Override
    public void end() throws VmmigException {
        journal.remove();
    }

    /** Closes the journal; a recovery resolves the migration if it is unresolved. */
    @Override
    public void close() {
        journal.close();
    }
}
