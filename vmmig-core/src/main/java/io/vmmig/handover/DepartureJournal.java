// SPDX-License-Identifier: Apache-2.0
package io.vmmig.handover;

import io.vmmig.error.VmmigException;
import io.vmmig.json.JsonFields;
import io.vmmig.json.JsonText;
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

        private JsonText toJson() {
            return new JsonText()
                    .put("package", packageId)
                    .put("guest", guest)
                    .put("uuid", uuid)
                    .put("running", running)
                    .put("copy", copy ? true : null)
                    .put("address", address)
                    .texts("files", files)
                    .put("memoryBytes", memoryBytes);
        }

        private static Facts of(JsonFields json) throws VmmigException {
            JsonFields fields = json.as(WHERE);
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
        JournalDirectory journals = JournalDirectory.ofDepartures(state);
        Path file = journals.fileOf(facts.packageId());
        return new DepartureJournal(journals.begin(file, facts.toJson(), SourceState.PREPARED.name()), facts);
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
        Optional<JsonFields> facts = Journal.factsOf(file);
        return facts.isEmpty() ? Optional.empty() : Optional.of(Facts.of(facts.get()));
    }

    /**
     * A journal's content at one moment, read without opening it.
     *
     * @param facts the facts of the departure
     * @param mayBeCommitted as {@link DepartureJournal#mayBeCommitted()}
     * @param copied as {@link DepartureJournal#isCopied()}
     */
    public record Glance(Facts facts, boolean mayBeCommitted, boolean copied) {
        private static Glance of(Facts facts, Journal.Glance seen) {
            return new Glance(
                    facts,
                    !facts.copy() && (seen.torn() || seen.state().equals(SourceState.COMMITTED.name())),
                    facts.copy() && (seen.torn() || seen.state().equals(SourceState.COPIED.name())));
        }
    }

    /**
     * The departures of one guest in that directory of journals that are under way or unresolved. A damaged one counts as a possible
     * hand-over if its facts can still be read.
     *
     * @param passingOverDamaged whether to ignore a journal whose guest can no longer be read
     */
    public static List<Glance> of(UUID guest, Path directory, boolean passingOverDamaged) throws VmmigException {
        List<Glance> all = new ArrayList<>();
        for (Path file : new JournalDirectory(directory).all()) {
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
        try {
            return Journal.glance(file).map(seen -> Glance.of(facts, seen));
        } catch (VmmigException e) {
            LOG.warn("guest {}: {}", facts.guest(), e.getMessage());
            return Optional.of(new Glance(facts, !facts.copy(), false));
        }
    }

    /** Opens a journal; empty when its migration has been resolved meanwhile, or a crash cut off its first line. */
    public static Optional<DepartureJournal> open(Path file) throws VmmigException {
        return Journal.open(file, journal -> {
            // In an unknown state, the guest may have been handed over.
            SourceState.valueOf(journal.state());
            return new DepartureJournal(journal, Facts.of(journal.facts()));
        });
    }

    public Facts facts() {
        return facts;
    }

    @Override
    public boolean mayBeCommitted() {
        return Glance.of(facts, journal.glance()).mayBeCommitted();
    }

    /**
     * Records that the guest is paused.
     *
     * @param ran whether it was running until then
     */
    @Override
    public void saved(boolean ran) throws VmmigException {
        if (ran != facts.running()) {
            journal.add(Journal.step(SourceState.PREPARED.name()).put(RAN, ran));
        }
    }

    /** Whether the guest ran until it was paused, so that it is resumed if it stays. */
    @Override
    public boolean ran() throws VmmigException {
        return journal.flag(RAN, facts.running());
    }

    /**
     * Records the hand-over, before COMMIT is sent.
     *
     * @param autostart whether this host starts it at boot; that is turned off now, and on again if the guest stays
     */
    @Override
    public void commit(boolean autostart) throws VmmigException {
        journal.add(Journal.step(SourceState.COMMITTED.name()).put(AUTOSTART, autostart));
    }

    @Override
    public boolean autostart() throws VmmigException {
        return journal.flag(AUTOSTART, false);
    }

    /** Records that the guest has been packed: from here on vmmig does not care whether it runs. */
    @Override
    public void copied() throws VmmigException {
        journal.enter(SourceState.COPIED.name());
    }

    /** Whether only the package may have to be cleared up: the guest was packed, and belongs to its user again. */
    @Override
    public boolean isCopied() {
        return Glance.of(facts, journal.glance()).copied();
    }

    @Override
    public boolean givesTheGuestAway() {
        return !facts.copy();
    }

    @Override
    public Optional<String> latest() {
        return journal.entry();
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
