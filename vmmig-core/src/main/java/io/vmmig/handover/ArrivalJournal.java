// SPDX-License-Identifier: Apache-2.0
package io.vmmig.handover;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.files.FileIdentity;
import io.vmmig.json.JsonFields;
import io.vmmig.json.JsonText;
import io.vmmig.state.HostState;
import io.vmmig.transport.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The destination's journal of one arriving guest, begun before anything is created for it. It remains after the migration is resolved, so
 * that a source that asks later gets its answer. Thread-safe.
 */
public final class ArrivalJournal implements DestinationJournal, AutoCloseable {
    private static final String WHERE = "the journal of an arrival";
    private static final String RUNNING = "running";
    private static final String AUTOSTART = "autostart";
    private static final String MADE = "made";
    private static final String OUTPUTS = "outputs";
    private static final String PEER = "peer";
    private static final int MAX_SOURCE = 1024;
    /** The journals that this process has open. */
    private static final Map<Path, ArrivalJournal> LIVE = new ConcurrentHashMap<>();

    private static final Logger LOG = LoggerFactory.getLogger(ArrivalJournal.class);

    private final Path file;
    private final Journal journal;
    private final Facts facts;
    private final List<Runnable> whenAbandoned = new ArrayList<>();
    private DestinationState state;

    private ArrivalJournal(Path file, Journal journal, Facts facts, DestinationState state) {
        this.file = file;
        this.journal = journal;
        this.facts = facts;
        this.state = state;
    }

    /**
     * The facts of an arrival.
     *
     * @param packageId the guest's package
     * @param guest its name here
     * @param uuid its uuid here
     * @param running whether it was running when it was offered
     * @param directory where its files are created
     * @param files the files that are created for it
     * @param outputs the sockets and logs that its hypervisor creates and that did not exist before
     * @param claims the claims for it, released when it is resolved
     * @param source its source, in words
     * @param peer its source's authenticated identity; empty if it is not authenticated
     * @param live whether its source waits and may ask for the outcome
     * @param begun when it began; later than all earlier arrivals of that guest, even if the clock was set back
     */
    public record Facts(
            UUID packageId,
            String guest,
            UUID uuid,
            boolean running,
            Path directory,
            List<Path> files,
            List<Path> outputs,
            List<Path> claims,
            String source,
            Optional<String> peer,
            boolean live,
            Instant begun) {
        public Facts {
            files = List.copyOf(files);
            outputs = List.copyOf(outputs);
            claims = List.copyOf(claims);
        }

        /** Whether it is the same guest, or one with the same name or directory. */
        public boolean sameGuestAs(Facts other) {
            return uuid.equals(other.uuid) || directory.equals(other.directory);
        }

        private Facts begunAfter(Instant earlier) throws VmmigException {
            return begun.isAfter(earlier)
                    ? this
                    : of(toJson().put("begun", earlier.plusMillis(1)).fields(WHERE));
        }

        private JsonText toJson() {
            return new JsonText()
                    .put("package", packageId)
                    .put("guest", guest)
                    .put("uuid", uuid)
                    .put(RUNNING, running)
                    .put("directory", directory)
                    .texts("files", files)
                    .texts(OUTPUTS, outputs)
                    .texts("claims", claims)
                    .put("source", source)
                    .put(PEER, peer.orElse(null))
                    .put("live", live)
                    .put("begun", begun);
        }

        private static Facts of(JsonFields json) throws VmmigException {
            JsonFields fields = json.as(WHERE);
            return new Facts(
                    fields.uuid("package"),
                    fields.text("guest", 1024),
                    fields.uuid("uuid"),
                    fields.flag(RUNNING),
                    JournalDirectory.path(fields, "directory"),
                    JournalDirectory.paths(fields, "files"),
                    JournalDirectory.paths(fields, OUTPUTS),
                    JournalDirectory.paths(fields, "claims"),
                    fields.text("source", MAX_SOURCE),
                    fields.has(PEER) ? Optional.of(fields.text(PEER, MAX_SOURCE)) : Optional.empty(),
                    fields.flag("live"),
                    fields.instant("begun"));
        }
    }

    /** A file or directory that was created for the guest, with its identity. */
    public record Made(Path path, FileIdentity identity) {
        private static Made of(JsonFields json) throws VmmigException {
            JsonFields fields = json.as(WHERE);
            return new Made(
                    JournalDirectory.path(fields, MADE),
                    FileIdentity.parse(fields.text("identity", 128))
                            .orElseThrow(() -> fields.malformed("identity", "is none")));
        }
    }

    /** The path of an arrival's future journal. */
    public static Path place(HostState state, UUID packageId, boolean live) {
        // A stored package may be restored several times, as copies.
        return JournalDirectory.ofArrivals(state).fileOf(live ? packageId : UUID.randomUUID());
    }

    /** As {@link #begin(Path, HostState, Facts)}, at its {@link #place}. */
    public static ArrivalJournal begin(HostState state, Facts facts) throws VmmigException {
        return begin(place(state, facts.packageId(), facts.live()), state, facts);
    }

    /**
     * Begins a journal, before anything is created for the guest.
     *
     * @param file as returned by {@link #place}
     * @throws VmmigException with {@link Problem#PACKAGE_REPLAYED} when that package has arrived before
     */
    public static ArrivalJournal begin(Path file, HostState state, Facts facts) throws VmmigException {
        if (Files.exists(file)) {
            throw VmmigException.of(
                    Problem.PACKAGE_REPLAYED,
                    "the package " + facts.packageId() + " has been here before, and its source may have been told so",
                    "Start the migration again, which makes a new package.");
        }
        Facts recorded = afterThoseOf(state, facts);
        DestinationState first = DestinationState.OFFERED;
        Journal journal = JournalDirectory.ofArrivals(state).begin(file, recorded.toJson(), first.name());
        ArrivalJournal arrival = new ArrivalJournal(file, journal, recorded, first);
        LIVE.put(file, arrival);
        return arrival;
    }

    /** The clock may have been set back since the guest's last arrival. */
    private static Facts afterThoseOf(HostState state, Facts facts) throws VmmigException {
        Facts later = facts;
        for (Facts earlier : allFacts(state).values()) {
            if (earlier.sameGuestAs(facts)) {
                later = later.begunAfter(earlier.begun());
            }
        }
        return later;
    }

    /** The journals of all arrivals. */
    public static List<Path> all(HostState state) throws VmmigException {
        return JournalDirectory.ofArrivals(state).all();
    }

    /**
     * Opens a journal; empty when a crash cut off its first line.
     *
     * @throws VmmigException with {@link Problem#GUEST_BUSY} when the arrival is under way
     */
    public static Optional<ArrivalJournal> open(Path file) throws VmmigException {
        return Journal.open(
                file,
                journal -> new ArrivalJournal(
                        file, journal, Facts.of(journal.facts()), DestinationState.valueOf(journal.state())));
    }

    /**
     * The facts of a journal, even while its migration is under way or if later lines are damaged; empty when a crash cut off its first
     * line.
     */
    public static Optional<Facts> factsOf(Path file) throws VmmigException {
        Optional<JsonFields> facts = Journal.factsOf(file);
        return facts.isEmpty() ? Optional.empty() : Optional.of(Facts.of(facts.get()));
    }

    /** The facts of every journal whose first line can be read; the others are logged, for a person to inspect. */
    public static Map<Path, Facts> allFacts(HostState state) throws VmmigException {
        Map<Path, Facts> all = new LinkedHashMap<>();
        for (Path file : all(state)) {
            try {
                factsOf(file).ifPresent(facts -> all.put(file, facts));
            } catch (VmmigException e) {
                LOG.warn("the journal of an arrival is ignored: {}", e.getMessage());
            }
        }
        return all;
    }

    /** Whether an arrival is resolved, so that its journal only answers sources; true also when there is no such journal. */
    public static boolean isFinal(Path file) throws VmmigException {
        Optional<Journal.Glance> seen = Journal.glance(file);
        return seen.isEmpty()
                || seen.get().state().equals(DestinationState.RESUMED.name())
                || seen.get().state().equals(DestinationState.DISCARDED.name());
    }

    /**
     * Abandons an arrival of this process, as an inquiry by its source does, unless it may have been handed over.
     *
     * @return whether its guest will never run here
     */
    public static boolean giveUp(Path file) throws VmmigException {
        ArrivalJournal live = LIVE.get(file);
        return live != null && live.outcome() == Outcome.NOT_TAKEN;
    }

    /** The answer to a source that asks; see {@link io.vmmig.transport.HandOverOutcomes}. */
    public static Outcome outcomeOf(HostState state, UUID packageId, Optional<String> asker) throws VmmigException {
        Path file = JournalDirectory.ofArrivals(state).fileOf(packageId);
        Optional<String> source = factsOf(file).flatMap(Facts::peer);
        if (source.isPresent() && !source.equals(asker)) {
            // A host that knows the package's id, but is not its source, learns no more than one that guesses.
            return Outcome.UNHEARD_OF;
        }
        ArrivalJournal live = LIVE.get(file);
        if (live != null) {
            return live.outcome();
        }
        try {
            Optional<ArrivalJournal> ended = open(file);
            if (ended.isEmpty()) {
                return Outcome.UNHEARD_OF;
            }
            try (ArrivalJournal arrival = ended.get()) {
                return arrival.outcome();
            }
        } catch (VmmigException e) {
            if (e.problem() == Problem.GUEST_BUSY) {
                return Outcome.UNDER_WAY;
            }
            throw e;
        }
    }

    private Outcome outcome() throws VmmigException {
        Outcome outcome;
        List<Runnable> toRun;
        synchronized (this) {
            boolean open = state.canBecome(DestinationState.ABANDONED);
            outcome = DestinationHandOver.answer(this);
            toRun = open && state == DestinationState.ABANDONED ? List.copyOf(whenAbandoned) : List.of();
        }
        toRun.forEach(Runnable::run);
        return outcome;
    }

    public Facts facts() {
        return facts;
    }

    /** Records durably that a file or directory was created, before anything is in it. */
    public void made(Made made) throws VmmigException {
        journal.add(new JsonText().put(MADE, made.path()).put("identity", made.identity()));
    }

    /** Records durably that its hypervisor will create these as well. */
    public void addOutputs(List<Path> more) throws VmmigException {
        journal.add(new JsonText().texts(OUTPUTS, more));
    }

    /** The sockets and logs that its hypervisor creates and that did not exist before. */
    public List<Path> outputs() throws VmmigException {
        List<Path> all = new ArrayList<>(facts.outputs());
        for (JsonFields entry : journal.linesWith(OUTPUTS)) {
            all.addAll(JournalDirectory.paths(entry.as(WHERE), OUTPUTS));
        }
        return all;
    }

    /** What was created, in order. */
    public List<Made> made() throws VmmigException {
        List<Made> all = new ArrayList<>();
        for (JsonFields entry : journal.linesWith(MADE)) {
            all.add(Made.of(entry));
        }
        return all;
    }

    @Override
    public synchronized DestinationState state() {
        return state;
    }

    @Override
    public boolean torn() {
        return journal.torn();
    }

    /** Calls {@code stopper} when the source has asked and was told that the guest was not taken over. */
    public void onAbandoned(Runnable stopper) {
        synchronized (this) {
            if (state != DestinationState.ABANDONED) {
                whenAbandoned.add(stopper);
                return;
            }
        }
        stopper.run();
    }

    /**
     * Records a step before it is taken; durably, if anything depends on it.
     *
     * @throws VmmigException with {@link Problem#CONNECTION_LOST} when the source has been told that the guest was not taken over
     */
    @Override
    public void enter(DestinationState next) throws VmmigException {
        enter(next, Journal.step(next.name()));
    }

    private synchronized void enter(DestinationState next, JsonText step) throws VmmigException {
        DestinationState entered = HandOverRules.entered(state, next);
        if (entered.durable()) {
            journal.add(step);
        }
        state = entered;
    }

    /**
     * Enters RESTORED, before the source is told that the guest is here.
     *
     * @param running whether it is to run here, as it did when it was saved
     * @param autostart whether this host is to start it when it boots
     */
    @Override
    public void restored(boolean running, boolean autostart) throws VmmigException {
        DestinationState next = DestinationState.RESTORED;
        enter(next, Journal.step(next.name()).put(RUNNING, running).put(AUTOSTART, autostart));
    }

    @Override
    public boolean running() throws VmmigException {
        return journal.flag(RUNNING, facts.running());
    }

    @Override
    public boolean autostart() throws VmmigException {
        return journal.flag(AUTOSTART, false);
    }

    /** Records that the guest cannot be resumed here. If that fails, a person has to resolve the migration after a crash. */
    @Override
    public synchronized void retracting() {
        state = state.then(DestinationState.RETRACTING);
        try {
            journal.enter(state.name());
        } catch (VmmigException e) {
            LOG.warn(
                    "guest {}: it is removed again, which could not be recorded in {}: {}",
                    facts.guest(),
                    file,
                    e.getMessage());
        }
    }

    /** Records that the guest runs here. If that fails, a recovery finds it running. */
    @Override
    public synchronized void resumed() {
        state = state.then(DestinationState.RESUMED);
        recordTheEnd(true);
    }

    /** Records that nothing of the guest is left here. If that fails, a recovery finds nothing. */
    @Override
    public synchronized void discarded() {
        boolean mayHaveBeenGiven = state == DestinationState.RESTORED
                || state == DestinationState.RETRACTING
                || state == DestinationState.ABANDONED;
        state = state.then(DestinationState.DISCARDED);
        recordTheEnd(mayHaveBeenGiven);
    }

    /**
     * Records the decision of a person who has looked at both hosts, whatever was recorded before.
     *
     * @param here whether the guest belongs here
     * @throws VmmigException with {@link Problem#REQUEST_INVALID} when the source has been told otherwise, or may have been
     */
    public synchronized void decided(boolean here) throws VmmigException {
        boolean toldOtherwise = here
                ? state == DestinationState.ABANDONED || state == DestinationState.DISCARDED
                : state == DestinationState.RESUMED;
        if (toldOtherwise) {
            throw VmmigException.of(
                    Problem.REQUEST_INVALID,
                    "the source of " + facts.guest() + " may have been told that it was "
                            + (here ? "not taken" : "taken"),
                    "See whether it runs there, and end one of them.");
        }
        state = here ? DestinationState.RESUMED : DestinationState.DISCARDED;
        if (facts.live()) {
            journal.enter(state.name());
        } else {
            journal.remove();
        }
    }

    /** @param asked whether its source may ask for it */
    private void recordTheEnd(boolean asked) {
        try {
            if (facts.live() && asked) {
                journal.enter(state.name());
            } else {
                journal.remove();
            }
        } catch (VmmigException e) {
            LOG.warn(
                    "guest {}: it is {} here, which could not be recorded in {}: {}",
                    facts.guest(),
                    state,
                    file,
                    e.getMessage());
        }
    }

    /** Removes the journal if it is older than {@code age}, since no source will ask any more. */
    public synchronized void forgetAfter(Duration age) throws VmmigException {
        if (facts.begun().isBefore(Instant.now().minus(age))) {
            journal.remove();
        }
    }

    /** Closes the journal; a recovery resolves what is not resolved yet. */
    @Override
    public void close() {
        LIVE.remove(file, this);
        journal.close();
    }
}
