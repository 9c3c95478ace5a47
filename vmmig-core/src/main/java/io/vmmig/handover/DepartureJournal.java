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

/** What the source notes of one guest that it gives away, from before it is stopped until all is settled. Thread-safe. */
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
     * What the departure is about.
     *
     * @param packageId the package in which the guest travels
     * @param guest its name here
     * @param uuid its uuid here
     * @param running whether it ran when this was begun
     * @param copy whether it is only packed, and stays here
     * @param address where its destination is found, or null if that cannot be asked
     * @param files those of its files that go when it is gone
     * @param memoryBytes what it is to have again if it stays, or null if it is not asked to lend any
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
            json.add("files", Notes.json(files));
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
                    Notes.paths(fields, "files"),
                    fields.has("memoryBytes") ? fields.number("memoryBytes", 0, Long.MAX_VALUE) : null);
        }
    }

    /** Begins before the guest is stopped. */
    public static DepartureJournal begin(HostState state, Facts facts) throws VmmigException {
        return new DepartureJournal(
                Notes.ofDepartures(state).begin(facts.packageId(), facts.toJson(), SourceState.PREPARED.name()), facts);
    }

    /** The journals of departures that are not settled, or are under way. */
    public static List<Path> all(HostState state) throws VmmigException {
        return Notes.ofDepartures(state).all();
    }

    /** The package that a journal is about, by its name. */
    public static UUID packageOf(Path file) {
        return Notes.packageOf(file);
    }

    /** What one of them is about, be it under way, or damaged after it has said that; empty when it never came to say so. */
    public static Optional<Facts> factsOf(Path file) throws VmmigException {
        Optional<JsonObject> facts = Journal.factsOf(file);
        return facts.isEmpty() ? Optional.empty() : Optional.of(Facts.of(facts.get()));
    }

    /**
     * What one says at a moment, whoever has it open.
     *
     * @param facts what the departure is about
     * @param mayBeCommitted as {@link DepartureJournal#mayBeCommitted()}
     * @param copied as {@link DepartureJournal#isCopied()}
     */
    public record Glance(Facts facts, boolean mayBeCommitted, boolean copied) {}

    /**
     * What the departures of one guest say that are not settled, or are under way, in that directory of journals. One that is damaged
     * says that the guest may have been given away, if it still says whose it is.
     *
     * @param passingOverDamaged whether it does not matter whose a journal is that does not say so any more
     */
    public static List<Glance> of(UUID guest, Path directory, boolean passingOverDamaged) throws VmmigException {
        List<Glance> all = new ArrayList<>();
        for (Path file : Notes.in(directory).all()) {
            try {
                Optional<Facts> facts = factsOf(file);
                if (facts.isPresent() && facts.get().uuid().equals(guest)) {
                    glance(file, facts.get()).ifPresent(all::add);
                }
            } catch (VmmigException e) {
                if (!passingOverDamaged) {
                    throw e;
                }
                LOG.debug("{} is damaged, as its settlement says", file, e);
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

    /** One of them; empty when it has been settled meanwhile, or never came to say anything. */
    public static Optional<DepartureJournal> open(Path file) throws VmmigException {
        Optional<Journal> journal = Journal.open(file);
        if (journal.isEmpty()) {
            return Optional.empty();
        }
        Journal found = journal.get();
        try {
            // A state that is not known may be one in which the guest has been given away.
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

    /** Whether the word that gives the guest away may have left. */
    @Override
    public boolean mayBeCommitted() {
        return !facts.copy() && (journal.torn() || journal.state().equals(SourceState.COMMITTED.name()));
    }

    /**
     * The guest has been stopped.
     *
     * @param ran whether it ran until then
     */
    @Override
    public void saved(boolean ran) throws VmmigException {
        if (ran != facts.running()) {
            JsonObject learned = new JsonObject();
            learned.addProperty(RAN, ran);
            journal.enter(SourceState.PREPARED.name(), learned);
        }
    }

    /** Whether the guest ran until it was stopped, so that it is to run again if it stays. */
    @Override
    public boolean ran() throws VmmigException {
        JsonObject learned = journal.details();
        return learned.has(RAN) ? new JsonFields(learned, WHERE).flag(RAN) : facts.running();
    }

    /**
     * Before the word is sent that gives the guest away.
     *
     * @param autostart whether this host starts it when it boots, which is ended now, and begins again if the guest stays
     */
    @Override
    public void commit(boolean autostart) throws VmmigException {
        JsonObject learned = new JsonObject();
        learned.addProperty(AUTOSTART, autostart);
        journal.enter(SourceState.COMMITTED.name(), learned);
    }

    /** Whether this host is to start the guest again when it boots, if the guest stays. */
    @Override
    public boolean autostart() throws VmmigException {
        JsonObject learned = journal.details();
        return learned.has(AUTOSTART) && new JsonFields(learned, WHERE).flag(AUTOSTART);
    }

    /** The guest has been packed and is left to itself: from here on it is nobody's business whether it runs. */
    @Override
    public void copied() throws VmmigException {
        journal.enter(SourceState.COPIED.name());
    }

    /** Whether only its package may have to be cleared: the guest was packed, and continues here as its user likes. */
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

    /** The guest has gone, or goes on here. */
    @Override
    public void settle() throws VmmigException {
        journal.remove();
    }

    /** Leaves it to a recovery, unless it is settled. */
    @Override
    public void close() {
        journal.close();
    }
}
