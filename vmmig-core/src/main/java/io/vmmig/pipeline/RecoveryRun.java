// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.domain.DomainXml;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.handover.ArrivalJournal;
import io.vmmig.handover.DepartureJournal;
import io.vmmig.handover.DestinationHandOver;
import io.vmmig.handover.DestinationState;
import io.vmmig.handover.HandOverRules;
import io.vmmig.handover.HandOverRules.Found;
import io.vmmig.handover.HandOverRules.Step;
import io.vmmig.handover.SourceHandOver;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.hypervisor.Interference;
import io.vmmig.report.RecoveryReport;
import io.vmmig.report.RecoveryReport.Resolution;
import io.vmmig.report.RecoveryReport.Result;
import io.vmmig.report.RecoveryReport.Side;
import io.vmmig.state.HostState;
import io.vmmig.transport.Outcome;
import io.vmmig.transport.PackageStore;
import io.vmmig.transport.Peers;
import io.vmmig.transport.Transport;
import io.vmmig.transport.TransportProvider;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Recovery after a crash: finds the guest of each journal, and lets the hand-over resolve it. */
public final class RecoveryRun {
    private static final Logger LOG = LoggerFactory.getLogger(RecoveryRun.class);
    /** Long enough for a restart of libvirtd. */
    private static final Duration REACHING_HYPERVISOR = Duration.ofSeconds(10);

    /** How long a source may ask for the outcome. */
    private static final Duration REMEMBERED = Duration.ofDays(1000);

    private static final String UNKNOWN = "(not known)";

    private final Hypervisor hypervisor;
    private final HostState hostState;
    private final @Nullable Peers peers;
    private final List<Resolution> resolutions = new ArrayList<>();
    /** Why the last destination that was asked did not answer; null if it did. */
    private @Nullable String unanswered;

    public RecoveryRun(Hypervisor hypervisor, HostState hostState, @Nullable Peers peers) {
        this.hypervisor = hypervisor;
        this.hostState = hostState;
        this.peers = peers;
    }

    /** Resolves what can be resolved. */
    public RecoveryReport run() throws VmmigException {
        clearUp();
        for (Path file : ArrivalJournal.all(hostState)) {
            recoverArrival(file);
        }
        for (Path file : DepartureJournal.all(hostState)) {
            recoverDeparture(file);
        }
        mergeOverlays();
        return new RecoveryReport(resolutions, pausedWithoutJournal());
    }

    /** Merges the overlays of guests that are here, unless their departure is not resolved or another program moves them. */
    private void mergeOverlays() throws VmmigException {
        for (UUID guest : Overlays.guests(hostState)) {
            try {
                Optional<DepartureClaim> claim = DepartureClaim.take(guest, hypervisor, hostState);
                if (claim.isPresent()) {
                    try {
                        mergeOverlays(guest);
                    } finally {
                        claim.get().close();
                    }
                }
            } catch (VmmigException e) {
                LOG.warn("guest {}: its disks keep the overlays of a live migration", guest, e);
            }
        }
    }

    private void mergeOverlays(UUID guest) throws VmmigException {
        Sight sight = look(guest);
        Path departures = hostState.directory(HostState.Part.DEPARTURES);
        Optional<Overlays> overlays = Overlays.of(hostState, guest);
        if (sight.guest() != null
                && overlays.isPresent()
                && DepartureJournal.of(guest, departures, true).isEmpty()) {
            overlays.get().merge(sight.guest());
        }
    }

    /** Paused guests without an open journal. */
    private List<Hypervisor.GuestId> pausedWithoutJournal() throws VmmigException {
        Set<UUID> journaled = new HashSet<>();
        for (Path file : ArrivalJournal.all(hostState)) {
            // A damaged journal is left for a person.
            if (!read(file, false, () -> ArrivalJournal.isFinal(file))) {
                read(file, Optional.<ArrivalJournal.Facts>empty(), () -> ArrivalJournal.factsOf(file))
                        .ifPresent(facts -> journaled.add(facts.uuid()));
            }
        }
        for (Path file : DepartureJournal.all(hostState)) {
            read(file, Optional.<DepartureJournal.Facts>empty(), () -> DepartureJournal.factsOf(file))
                    .ifPresent(facts -> journaled.add(facts.uuid()));
        }
        List<Hypervisor.GuestId> paused = new ArrayList<>();
        for (Hypervisor.GuestId guest : hypervisor.guests()) {
            if (!journaled.contains(guest.uuid()) && look(guest.uuid()).found() == Found.PAUSED) {
                paused.add(guest);
            }
        }
        return paused;
    }

    /** Reads a journal; returns {@code otherwise} if it is damaged, which is reported elsewhere. */
    private static <T> T read(Path journal, T otherwise, Work<T> reading) {
        try {
            return reading.run();
        } catch (VmmigException e) {
            LOG.debug("{} is damaged", journal, e);
            return otherwise;
        }
    }

    /** Cleans up leftovers; a failure costs only space. */
    private void clearUp() {
        try {
            hostState.images().removeUnfinished();
        } catch (VmmigException e) {
            LOG.warn("something may be left of what a crash has cut short", e);
        }
        GuestHistories.of(hostState).removeUnfinished();
    }

    /** Resolves a migration that was left open, by a person's decision. */
    public RecoveryReport decide(UUID packageId, Side guestLivesAt) throws VmmigException {
        boolean atDestination = guestLivesAt == Side.DESTINATION;
        for (Map.Entry<Path, ArrivalJournal.Facts> arrival :
                ArrivalJournal.allFacts(hostState).entrySet()) {
            if (arrival.getValue().packageId().equals(packageId)) {
                decideArrival(arrival.getKey(), atDestination);
            }
        }
        for (Path file : DepartureJournal.all(hostState)) {
            if (DepartureJournal.packageOf(file).equals(packageId)) {
                decideDeparture(file, atDestination);
            }
        }
        return new RecoveryReport(resolutions, pausedWithoutJournal());
    }

    private void decideArrival(Path file, boolean here) throws VmmigException {
        Optional<ArrivalJournal> opened = ArrivalJournal.open(file);
        if (opened.isEmpty()) {
            return;
        }
        try (ArrivalJournal journal = opened.get()) {
            if (journal.state() == DestinationState.RESUMED || journal.state() == DestinationState.DISCARDED) {
                return;
            }
            // If the guest has arrived again, what is here belongs to that later arrival.
            Sight sight = superseded(journal.facts())
                    ? Sight.NONE
                    : look(journal.facts().uuid());
            if (HandOverRules.ofDestination(journal.state(), journal.running(), sight.found()) != Step.LEAVE) {
                resolve(journal, file);
                return;
            }
            switch (DestinationHandOver.decide(
                    journal, new LeftArrival(this, journal, file, sight), here, sight.found())) {
                case DISCARD -> report(journal, Result.DISCARDED, "it does not live here, as a person has said");
                case RECORD -> report(journal, Result.RECORDED, "it lives here, as a person has said");
                default -> report(journal, Result.LEFT_OPEN, "it runs here; end it first if it is to live elsewhere");
            }
        }
    }

    private void decideDeparture(Path file, boolean atDestination) throws VmmigException {
        Optional<DepartureJournal> opened = DepartureJournal.open(file);
        if (opened.isPresent()) {
            try (DepartureJournal journal = opened.get()) {
                Outcome known = outcome(journal);
                boolean open = known == Outcome.UNDER_WAY || known == Outcome.UNHEARD_OF;
                Outcome said = atDestination ? Outcome.TAKEN : Outcome.NOT_TAKEN;
                resolve(journal, open ? said : known, atDestination);
            }
        }
    }

    /** Confirms to a source that waits for a receipt that the guest runs here, unless that may be a copy. */
    private void confirm(ArrivalJournal.Facts facts, Path file) throws VmmigException {
        ConsumedPackages consumed = ConsumedPackages.of(hostState);
        if (facts.live() || consumed.outcomeOf(facts.packageId()) != Outcome.UNDER_WAY) {
            return;
        }
        Map<Path, ArrivalJournal.Facts> known = ArrivalJournal.allFacts(hostState);
        for (Path other : ArrivalJournal.all(hostState)) {
            ArrivalJournal.Facts also = known.get(other);
            boolean maybe = also == null || also.packageId().equals(facts.packageId());
            if (!other.equals(file) && maybe) {
                return;
            }
        }
        consumed.confirm(facts.packageId());
    }

    private Sight look(UUID uuid) throws VmmigException {
        return Sight.of(hypervisor, uuid);
    }

    private void recoverArrival(Path file) {
        Optional<ArrivalJournal> opened = open(file, Side.DESTINATION, () -> ArrivalJournal.open(file));
        if (opened.isEmpty()) {
            return;
        }
        try (ArrivalJournal journal = opened.get()) {
            try {
                if (journal.state() == DestinationState.RESUMED || journal.state() == DestinationState.DISCARDED) {
                    journal.forgetAfter(REMEMBERED);
                } else {
                    resolve(journal, file);
                }
            } catch (VmmigException e) {
                report(journal, Result.LEFT_OPEN, e.failure().sentence());
            }
        }
    }

    private void resolve(ArrivalJournal journal, Path file) throws VmmigException {
        if (superseded(journal.facts())) {
            if (journal.state() == DestinationState.COMMITTED) {
                report(
                        journal,
                        Result.LEFT_OPEN,
                        "it had been handed over, and has come again since, with another package");
            } else {
                DestinationHandOver.recover(journal, new LeftArrival(this, journal, file, Sight.NONE), Found.NOTHING);
                report(journal, Result.RECORDED, "it has come again since, with another package");
            }
            return;
        }
        Sight sight = look(journal.facts().uuid());
        if (isAnother(sight, journal)) {
            report(
                    journal,
                    Result.LEFT_OPEN,
                    "a guest of its uuid is here that has none of its files, so somebody else has made it; nothing was changed");
            return;
        }
        switch (DestinationHandOver.recover(journal, new LeftArrival(this, journal, file, sight), sight.found())) {
            case DISCARD ->
                report(journal, Result.DISCARDED, "it had not been handed over, and nothing of it is left here");
            case RESUME -> report(journal, Result.RESUMED, "it had been handed over, and continues here now");
            case RECORD -> report(journal, Result.RECORDED, "it is here, as it should be");
            default -> report(journal, Result.LEFT_OPEN, openArrival(journal.facts(), sight));
        }
    }

    /** A guest that a crash has left at its destination. */
    private record LeftArrival(RecoveryRun run, ArrivalJournal journal, Path file, Sight sight)
            implements DestinationHandOver.LeftGuest {
        @Override
        public void resume() throws VmmigException {
            sight.resume();
        }

        @Override
        public void setAutostart() throws VmmigException {
            sight.setAutostart(true);
        }

        @Override
        public void remove() throws VmmigException {
            sight.remove();
        }

        @Override
        public void removeFiles() throws VmmigException {
            new ArrivalFiles(journal).discard(run.hypervisor);
        }

        @Override
        public void remember(boolean taken) throws VmmigException {
            if (taken) {
                run.confirm(journal.facts(), file);
            } else {
                ConsumedPackages.of(run.hostState).remove(journal.facts().packageId());
            }
        }

        @Override
        public void release() {
            ArrivalClaims.releaseLeft(journal.facts(), file);
        }
    }

    /** Whether a found guest is not the arrived one: its XML names files, but none of the arrival's. */
    private static boolean isAnother(Sight sight, ArrivalJournal journal) throws VmmigException {
        if (sight.guest() == null || journal.facts().files().isEmpty()) {
            return false;
        }
        List<Path> named = DomainXml.parse(sight.guest().domainXml()).disks().stream()
                .map(DomainXml.Disk::file)
                .toList();
        return !named.isEmpty() && named.stream().noneMatch(journal.facts().files()::contains);
    }

    private static String openArrival(ArrivalJournal.Facts facts, Sight sight) {
        if (sight.found() == Found.RUNNING) {
            return "it runs here, though its source has never said that it may. See whether it runs there too, and end one of"
                    + " them";
        }
        return !facts.live()
                ? "it was about to run here, out of a package file, and is not here any more. If you are sure that it has not"
                        + " run, restore it as a copy with a uuid of its own"
                : "it had been handed over, and is not here any more: either this host failed before it ran, or it ran and"
                        + " ended. See whether its source still holds it, paused; resume it there if you are sure that it has not run here";
    }

    /**
     * Whether the same guest has arrived again, so that what is here belongs to the later arrival. A journal without readable facts cannot
     * be a later one: while this one is open, its claims exclude the guest.
     */
    private boolean superseded(ArrivalJournal.Facts facts) throws VmmigException {
        return ArrivalJournal.allFacts(hostState).values().stream()
                .anyMatch(other -> other.begun().isAfter(facts.begun()) && other.sameGuestAs(facts));
    }

    private void recoverDeparture(Path file) {
        Optional<DepartureJournal> opened = open(file, Side.SOURCE, () -> DepartureJournal.open(file));
        if (opened.isEmpty()) {
            return;
        }
        try (DepartureJournal journal = opened.get()) {
            try {
                // The claim prevents new migrations of the guest; a migration that holds it already is left alone.
                Optional<DepartureClaim> claim =
                        DepartureClaim.take(journal.facts().uuid(), hypervisor, hostState);
                if (claim.isPresent()) {
                    try {
                        resolve(journal, outcome(journal), false);
                    } finally {
                        claim.get().close();
                    }
                }
            } catch (VmmigException e) {
                report(journal, Result.LEFT_OPEN, e.failure().sentence());
            }
        }
    }

    /**
     * @param dropped whether a person has decided to discard what the guest did here since it was saved
     */
    private void resolve(DepartureJournal journal, Outcome outcome, boolean dropped) throws VmmigException {
        Sight sight = look(journal.facts().uuid());
        LeftDeparture left = new LeftDeparture(journal, sight);
        switch (SourceHandOver.recover(journal, left, outcome, sight.found(), !dropped && sight.ranSinceSaved())) {
            case RESUME -> report(journal, Result.RESUMED, "it had not been handed over, and continues here now");
            case RETIRE ->
                report(
                        journal,
                        Result.RETIRED,
                        "it has been taken over by the destination, and is no more here" + left.remaining);
            case RECORD -> report(journal, Result.RECORDED, recordedDeparture(sight));
            default -> report(journal, Result.LEFT_OPEN, openDeparture(outcome, journal.facts(), sight));
        }
    }

    /** A guest that a crash has left at its source. */
    private final class LeftDeparture implements SourceHandOver.LeftGuest {
        private final DepartureJournal journal;
        private final Sight sight;
        private String remaining = "";

        LeftDeparture(DepartureJournal journal, Sight sight) {
            this.journal = journal;
            this.sight = sight;
        }

        @Override
        public void resume() throws VmmigException {
            sight.resume();
        }

        @Override
        public void retire(Optional<Interference> ran) throws VmmigException {
            DepartureJournal.Facts facts = journal.facts();
            sight.remove();
            Overlays.removeLeft(hostState, facts.uuid());
            remaining =
                    DepartedFiles.remove(new HashSet<>(facts.files()), facts.uuid(), hypervisor, REACHING_HYPERVISOR)
                            .stream()
                            .map(notice -> "; " + notice.text())
                            .collect(Collectors.joining());
            GuestHistories.of(hostState).remove(facts.uuid());
        }

        @Override
        public void setAutostart(boolean on) throws VmmigException {
            sight.setAutostart(on);
        }

        @Override
        public void clearUp() {
            DepartureJournal.Facts facts = journal.facts();
            if (sight.guest() != null && sight.found() != Found.STOPPED && facts.memoryBytes() != null) {
                Ballooning.restoreBalloon(sight.guest(), facts.memoryBytes());
            }
            // Removes a partial package from its store; the guest does not wait for that.
            if (!journal.mayBeCommitted() && liesStill(facts)) {
                ask(journal);
            }
        }
    }

    private static String recordedDeparture(Sight sight) {
        return switch (sight.found()) {
            case RUNNING, PAUSED -> "it is here, as it was";
            case NOTHING, STOPPED -> "it had not been handed over, and has ended here; its disks are as it left them";
        };
    }

    private String openDeparture(Outcome outcome, DepartureJournal.Facts facts, Sight sight) {
        String here = whatIsHere(sight);
        return switch (outcome) {
            case TAKEN ->
                "it has been taken over by the destination, and yet runs here too, or has run here since: end one of them at"
                        + " once, and see which disks are the right ones";
            case UNDER_WAY ->
                unanswered != null
                        ? here + ", and left as it is: " + unanswered
                        : "only the destination knows whether it has taken it, and cannot be asked yet; " + here
                                + ", and left as it is. Let the destination recover, then try again";
            case UNHEARD_OF ->
                liesStill(facts)
                        ? "its package is not in " + facts.address()
                                + ", or not whole; " + here + ", and left as it is. If somebody has taken the package"
                                + " away, remove it here; if not, resume it here"
                        : "the destination knows nothing of it; " + here
                                + ", and left as it is. So is answered also a source whose keys were renewed since. See there"
                                + " whether it runs: if it does, remove it here; if not, remove what is there of it, then"
                                + " resume it here";
            case NOT_TAKEN -> throw new IllegalStateException("a guest that was not taken is not left open");
        };
    }

    private static String whatIsHere(Sight sight) {
        return switch (sight.found()) {
            case RUNNING -> "it runs here";
            case PAUSED -> "it is paused here";
            case STOPPED -> "it is not running here";
            case NOTHING -> "this host no longer knows the guest";
        };
    }

    private Outcome outcome(DepartureJournal journal) throws VmmigException {
        DepartureJournal.Facts facts = journal.facts();
        Optional<Transport> provided = provided(facts);
        // A partial package is removed, whether or not the guest was to leave.
        Outcome provider = provided.isPresent() ? provided.get().outcomeOf(facts.packageId(), journal) : null;
        if (!journal.mayBeCommitted()) {
            return Outcome.NOT_TAKEN;
        }
        return provider == null ? ask(journal) : provider;
    }

    /** The destination's transport from a provider, without credentials. */
    private static Optional<Transport> provided(DepartureJournal.Facts facts) throws VmmigException {
        if (facts.address() != null) {
            // Not with the thread's context class loader, which is arbitrary.
            for (TransportProvider provider :
                    ServiceLoader.load(TransportProvider.class, TransportProvider.class.getClassLoader())) {
                Optional<Transport> transport = provider.at(facts.address());
                if (transport.isPresent()) {
                    return transport;
                }
            }
        }
        return Optional.empty();
    }

    private Optional<Transport> destination(DepartureJournal.Facts facts) throws VmmigException {
        Optional<Transport> provided = provided(facts);
        return provided.isPresent() || peers == null || facts.address() == null
                ? provided
                : Optional.of(peers.at(facts.address()));
    }

    /** Whether the guest was to go into a package store. */
    private boolean liesStill(DepartureJournal.Facts facts) {
        try {
            return destination(facts).orElse(null) instanceof PackageStore;
        } catch (VmmigException e) {
            return false;
        }
    }

    private Outcome ask(DepartureJournal journal) {
        DepartureJournal.Facts facts = journal.facts();
        unanswered = null;
        try {
            Optional<Transport> destination = destination(facts);
            return destination.isPresent()
                    ? destination.get().outcomeOf(facts.packageId(), journal)
                    : Outcome.UNDER_WAY;
        } catch (VmmigException e) {
            LOG.warn(
                    "guest {}: {} cannot be asked what became of it: {}",
                    facts.guest(),
                    facts.address(),
                    e.getMessage());
            unanswered = e.failure().sentence();
            return Outcome.UNDER_WAY;
        }
    }

    /** Opens a journal; empty when there is nothing to resolve, or another process is on it. */
    private <T> Optional<T> open(Path file, Side side, Work<Optional<T>> opening) {
        try {
            return opening.run();
        } catch (VmmigException e) {
            if (e.problem() != Problem.GUEST_BUSY) {
                String guest = guestOf(file, side);
                UUID packageId = DepartureJournal.packageOf(file);
                String why = e.failure().sentence();
                resolutions.add(new Resolution(packageId, guest, side, Result.LEFT_OPEN, why));
            }
            return Optional.empty();
        }
    }

    private static String guestOf(Path file, Side side) {
        Optional<String> guest = read(
                file,
                Optional.empty(),
                () -> side == Side.SOURCE
                        ? DepartureJournal.factsOf(file).map(DepartureJournal.Facts::guest)
                        : ArrivalJournal.factsOf(file).map(ArrivalJournal.Facts::guest));
        return guest.orElse(UNKNOWN);
    }

    private void report(ArrivalJournal journal, Result result, String what) {
        ArrivalJournal.Facts facts = journal.facts();
        resolutions.add(new Resolution(facts.packageId(), facts.guest(), Side.DESTINATION, result, what));
    }

    private void report(DepartureJournal journal, Result result, String what) {
        DepartureJournal.Facts facts = journal.facts();
        resolutions.add(new Resolution(facts.packageId(), facts.guest(), Side.SOURCE, result, what));
    }
}
