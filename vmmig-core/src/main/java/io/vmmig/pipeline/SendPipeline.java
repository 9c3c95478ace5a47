// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageSummary;
import io.vmmig.bundle.PackageWriter;
import io.vmmig.content.Digest;
import io.vmmig.domain.DomainXml;
import io.vmmig.error.EndState;
import io.vmmig.error.Failure;
import io.vmmig.error.Phase;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.freepages.FreePages;
import io.vmmig.handover.DepartureJournal;
import io.vmmig.handover.SourceState;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.GuestInventory;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.hypervisor.Interference;
import io.vmmig.hypervisor.SavedGuest;
import io.vmmig.page.PageSource;
import io.vmmig.protection.PackageClaim;
import io.vmmig.protection.PackageSigner;
import io.vmmig.qcow2.DiskChain;
import io.vmmig.reference.PackageCaching;
import io.vmmig.report.Notice;
import io.vmmig.report.SourceReport;
import io.vmmig.snapshot.HeapBudget;
import io.vmmig.sparse.SparseFile;
import io.vmmig.state.HostState;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.Offer;
import io.vmmig.transport.Outcome;
import io.vmmig.transport.OutgoingSession;
import io.vmmig.transport.Peer;
import io.vmmig.transport.Transport;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The source's side of a migration, top to bottom. A guest that is only packed continues here, whatever becomes of its package.
 * For all others: whatever fails before the commit ends with the guest going on here; after
 * the commit the guest never goes on here unless the destination has said that it did not take it.
 */
public final class SendPipeline {
    private static final Logger LOG = LoggerFactory.getLogger(SendPipeline.class);

    private static final String RECOVER =
            "Run Recovery here (Recovery.of(hypervisor).state(state).run()) when the hypervisor answers again.";

    private final Hypervisor hypervisor;
    private final String guestName;
    private final Transport transport;
    private final HostState hostState;
    private final SendSettings settings;
    private final Recorder recorder;
    private final Cancellation cancellation;
    private SourceState state = SourceState.PREPARED;
    private boolean wasRunning = true;
    /** Whether the guest ran when its departure was journaled. */
    private boolean ranBefore;

    private boolean autostarts;
    private boolean committed;
    /** What the hypervisor kept of the guest when it was saved. */
    private @Nullable GuestInventory atSave;
    /** Whose guest it is; null until that is known. */
    private @Nullable UUID guestUuid;
    /** What is known of the other end, which another migration may have brought the guest to. */
    private EndState there = EndState.UNTOUCHED;
    /** Images of a guest that has gone. */
    private List<Path> leftHere = List.of();
    /** Whether something could not be done here because the hypervisor did not answer. */
    private boolean leftToRecovery;

    public SendPipeline(
            Hypervisor hypervisor,
            String guestName,
            Transport transport,
            HostState hostState,
            SendSettings settings,
            Recorder recorder,
            Cancellation cancellation) {
        this.hypervisor = hypervisor;
        this.guestName = guestName;
        this.transport = transport;
        this.hostState = hostState;
        this.settings = settings;
        this.recorder = recorder;
        this.cancellation = cancellation;
    }

    /** Moves the guest; throws with everything settled as the exception says. */
    public SourceReport run() throws VmmigException {
        return recorder.concluding(this::moveAlone);
    }

    private SourceReport moveAlone() throws VmmigException {
        try {
            GuestLock lock = GuestLock.take(hypervisor, guestName);
            try {
                return moveWhenAdmitted();
            } finally {
                lock.release();
            }
        } catch (VmmigException | OutOfMemoryError e) {
            throw explained(HeapBudget.checked(e));
        } finally {
            recorder.end();
        }
    }

    private SourceReport moveWhenAdmitted() throws VmmigException {
        Deadline deadline = Deadline.after(settings.migrationTimeout, "the migration went on", cancellation);
        try {
            Admission admission = Admission.await(settings.admission, recorder, cancellation);
            try {
                return move();
            } finally {
                admission.end();
            }
        } finally {
            deadline.close();
        }
    }

    private SourceReport move() throws VmmigException {
        cancellation.check();
        recorder.enter(Phase.PREPARE);
        HeapBudget.ofThisProgram().requireRoomForMigration();
        CodecWarmUp.WRITING.begin();
        Guest guest = Abandonable.run(() -> hypervisor.guest(guestName), cancellation);
        guestUuid = guest.uuid();
        DepartureClaim claim = Abandonable.run(
                () -> DepartureClaim.take(guest, hypervisor, hostState), DepartureClaim::close, cancellation);
        try (OtherTools others =
                        Abandonable.run(() -> OtherTools.watch(guest, recorder), OtherTools::close, cancellation);
                FreePagesTask search = settings.sendFreePages ? null : FreePagesTask.begin(guest, cancellation)) {
            recorder.doing("trying the connection to " + transport.description());
            Abandonable.check(transport::requireReachable, cancellation);
            recorder.doing("reading the guest's disk images, kernel and ramdisk, unless their digests are known");
            Departure departure = Abandonable.run(
                    () -> {
                        Departure all = Departure.of(guest, hypervisor, settings, hostState.images(), !givesAway());
                        remember(all);
                        return all;
                    },
                    cancellation);
            departure.belongings().notices().forEach(recorder::notice);
            return move(guest, departure, search, others);
        } finally {
            claim.close();
        }
    }

    private SourceReport move(Guest guest, Departure departure, @Nullable FreePagesTask search, OtherTools others)
            throws VmmigException {
        departure.shared().notices().forEach(recorder::notice);
        recorder.expect(Phase.BOOT_FILES, departure.includedBytes());
        recorder.expect(Phase.DISKS, departure.diskBytes());
        recorder.expect(Phase.SNAPSHOT, departure.manifest().memoryBytes());
        SharedPages shared = departure.sharedPages(hostState.images(), cancellation);
        recorder.enter(Phase.CONNECT);
        try (shared;
                PackageCaching keeping = beginKeeping();
                OutgoingSession session =
                        Abandonable.run(() -> UploadSession.open(transport), this::giveUp, cancellation)) {
            cancellation.onRequest(() -> session.abort(cancellation.reason()));
            session.onReconnected(recorder::reconnected);
            try {
                recorder.enter(Phase.OFFER);
                Manifest offered = departure.manifest().withReferences(shared.all());
                there = EndState.NOT_HANDED_OVER;
                Acceptance acceptance = session.offer(new Offer(
                        offered,
                        departure.domain().text(),
                        cookie(guest),
                        departure.shared().without(departure.belongings().definition()),
                        departure.belongings().record(offered.running(), !givesAway(), false)));
                cancellation.check();
                recorder.doing("opening what both hosts have already, and building its indexes where they are missing");
                Manifest manifest = departure.manifest().withReferences(shared.openAmong(acceptance.references()));
                List<PageSource> references = shared.of(manifest.references());
                cancellation.check();
                GuestHistory history = history(manifest.guestUuid());
                Outgoing outgoing = new Outgoing(
                        guest, departure, manifest, references, history, acceptance, session, keeping, others);
                if (!isLive()) {
                    contentNeeded(outgoing).forEach(recorder::notice);
                }
                return send(outgoing, search);
            } catch (VmmigException | OutOfMemoryError thrown) {
                VmmigException e = HeapBudget.checked(thrown);
                if (!committed) {
                    session.abort(tellable(e));
                }
                throw e.problem() == Problem.BASE_IMAGE_MISSING ? departure.located(e) : e;
            }
        }
    }

    private boolean isLive() {
        return transport instanceof Peer;
    }

    private void giveUp(OutgoingSession late) {
        late.abort(cancellation.reason());
        late.close();
    }

    private void remember(Departure departure) {
        try {
            departure.remember(hostState.images());
        } catch (VmmigException e) {
            LOG.warn(
                    "guest {}: should it come back, its base images, kernel and ramdisk may have to travel",
                    guestName,
                    e);
        }
    }

    private List<Notice> contentNeeded(Outgoing outgoing) throws VmmigException {
        Manifest manifest = outgoing.manifest();
        DomainXml domain = outgoing.departure().domain();
        return ContentNeeded.of(
                outgoing.departure(),
                manifest,
                domain.kernel().isPresent() && !needed(domain.kernel(), manifest.kernel(), outgoing),
                domain.ramdisk().isPresent() && !needed(domain.ramdisk(), manifest.ramdisk(), outgoing));
    }

    /** What the destination needs to start its hypervisor before the guest is suspended. */
    private @Nullable String cookie(Guest guest) throws VmmigException {
        return isLive() ? guest.cookie().orElse(null) : null;
    }

    /** The guest, and what the two ends have agreed on. */
    private record Outgoing(
            Guest guest,
            Departure departure,
            Manifest manifest,
            List<PageSource> references,
            GuestHistory history,
            Acceptance acceptance,
            OutgoingSession session,
            PackageCaching keeping,
            OtherTools others) {}

    /** Sends what can be sent while the guest runs, and suspends it for the rest. */
    private SourceReport send(Outgoing outgoing, @Nullable FreePagesTask search) throws VmmigException {
        recorder.enter(Phase.BOOT_FILES);
        OutputStream out = outgoing.keeping().passingTo(outgoing.session().packageStream());
        try (PackageWriter writer = PackageWriter.to(out, outgoing.manifest(), outgoing.references(), settings.level)) {
            cancellation.onRequest(writer::close);
            writeBootFiles(writer, outgoing);
            writer.flush();
            outgoing.session().awaitReady();
            // The disk writes it down while the search goes on.
            try (DepartureJournal journal = DepartureJournal.begin(hostState, facts(outgoing))) {
                return suspend(outgoing, writer, search, journal);
            }
        }
    }

    private SourceReport suspend(
            Outgoing outgoing, PackageWriter writer, @Nullable FreePagesTask search, DepartureJournal journal)
            throws VmmigException {
        try (Ballooning lent = lend(outgoing.guest(), search)) {
            if (search != null) {
                search.awaitBegun();
            }
            CodecWarmUp.WRITING.await(cancellation);
            cancellation.check();
            recorder.enter(Phase.SUSPEND);
            Deadline deadline = Deadline.after(settings.maxDowntime, "the guest stood still", cancellation);
            Sent sent;
            try {
                sent = sendSuspended(outgoing, writer, search, lent, journal);
            } finally {
                deadline.close();
            }
            return complete(outgoing, sent, lent, journal);
        } finally {
            if (state == SourceState.PREPARED && !leftToRecovery) {
                settle(journal);
            }
        }
    }

    /**
     * What happened while the guest was paused.
     *
     * @param resumedAt when the guest ran again, as far as that is known; null if it was paused before
     */
    private record Sent(PackageSummary summary, FreePages free, Instant suspendedAt, @Nullable Instant resumedAt) {}

    private Sent sendSuspended(
            Outgoing outgoing,
            PackageWriter writer,
            @Nullable FreePagesTask search,
            Ballooning lent,
            DepartureJournal journal)
            throws VmmigException {
        SavedGuest saved = save(outgoing.guest(), journal);
        try {
            state = state.then(SourceState.SAVED);
            wasRunning = saved.wasRunning();
            noteWhetherItRan(outgoing, saved, journal);
            CompletableFuture<FreePages> free = search == null
                    ? CompletableFuture.completedFuture(FreePages.unknown("not asked for"))
                    : search.finish();
            return givesAway()
                    ? handOver(outgoing, writer, saved, free, lent, journal)
                    : copy(outgoing, writer, saved, free, lent, journal);
        } finally {
            // What could be neither resumed nor retired is the host's again, for a recovery to settle.
            saved.leavePaused();
        }
    }

    /** Its user may have paused or resumed it since the journal was begun. */
    private void noteWhetherItRan(Outgoing outgoing, SavedGuest saved, DepartureJournal journal) throws VmmigException {
        try {
            journal.saved(saved.wasRunning());
        } catch (VmmigException | OutOfMemoryError e) {
            throw rolledBack(outgoing, saved, journal, HeapBudget.checked(e));
        }
    }

    private SavedGuest save(Guest guest, DepartureJournal journal) throws VmmigException {
        try {
            return guest.save();
        } catch (VmmigException | OutOfMemoryError thrown) {
            VmmigException e = HeapBudget.checked(thrown);
            boolean ours = e.problem() == Problem.HEAP_TOO_SMALL || HypervisorRetry.mayHelp(e);
            if (ours && e.problem() != Problem.GUEST_BUSY) {
                resumeUnsaved(guest, journal, e);
            } else if (ranBefore && Sight.stateOf(hypervisor, guest.uuid()) == EndState.PAUSED) {
                // Its user may have suspended it, or its hypervisor could not resume it: a recovery asks again.
                leftToRecovery = e.problem() != Problem.GUEST_BUSY;
            }
            throw e;
        }
    }

    /** A hypervisor that does not answer may have suspended the guest before, and could not be told to resume it. */
    private void resumeUnsaved(Guest guest, DepartureJournal journal, VmmigException reason) {
        insist(
                () -> {
                    if (journal.facts().running() && guest.state() == GuestState.PAUSED) {
                        guest.resume();
                    }
                },
                "it is not certain that it runs",
                reason);
    }

    /** Whether it could be done; if not, its journal stays. */
    private boolean insist(HypervisorRetry.Step step, String orElse, VmmigException reason) {
        try {
            persist(step, orElse);
            return true;
        } catch (VmmigException e) {
            reason.addSuppressed(e);
            return false;
        }
    }

    private void persist(HypervisorRetry.Step step, String orElse) throws VmmigException {
        try {
            HypervisorRetry.run(guestName, settings.hypervisorTimeout, step);
        } catch (VmmigException | OutOfMemoryError thrown) {
            leftToRecovery = true;
            VmmigException e = HeapBudget.checked(thrown);
            LOG.error("guest {}: {}. {}", guestName, orElse, RECOVER, e);
            throw e;
        }
    }

    private DepartureJournal.Facts facts(Outgoing outgoing) throws VmmigException {
        ranBefore = outgoing.guest().state() == GuestState.RUNNING;
        return new DepartureJournal.Facts(
                outgoing.manifest().packageId(),
                guestName,
                outgoing.manifest().guestUuid(),
                ranBefore,
                !givesAway(),
                transport.address().orElse(null),
                List.copyOf(outgoing.departure().ownFiles()),
                settings.balloonTimeout == null
                        ? null
                        : Ballooning.sizeOf(
                                outgoing.guest(), outgoing.departure().domain()));
    }

    /** What stays noted by mistake, a recovery finds to be settled. */
    private void settle(DepartureJournal journal) {
        try {
            journal.settle();
        } catch (VmmigException e) {
            LOG.warn("guest {}: the notes of its departure stay", guestName, e);
        }
    }

    /** Where the guest's memory does not tell what is free, its balloon may. */
    private Ballooning lend(Guest guest, @Nullable FreePagesTask search) throws VmmigException {
        return settings.balloonTimeout == null || (search != null && search.awaitFound())
                ? Ballooning.none()
                : Ballooning.take(guest, settings.balloonTimeout, cancellation);
    }

    private void writeBootFiles(PackageWriter writer, Outgoing outgoing) throws VmmigException {
        DomainXml domain = outgoing.departure().domain();
        Manifest manifest = outgoing.manifest();
        try {
            if (needed(domain.kernel(), manifest.kernel(), outgoing)) {
                try (InputStream in = counted(SparseFile.open(domain.kernel().orElseThrow(), hypervisor.fileHoles()))) {
                    writer.writeKernel(in);
                }
            }
            if (needed(domain.ramdisk(), manifest.ramdisk(), outgoing)) {
                try (InputStream in =
                        counted(SparseFile.open(domain.ramdisk().orElseThrow(), hypervisor.fileHoles()))) {
                    writer.writeRamdisk(in);
                }
            }
            for (Manifest.Base base : manifest.includedBases()) {
                if (!isHeld(base.content(), outgoing)) {
                    try (InputStream in =
                            counted(SparseFile.open(outgoing.departure().fileOf(base), hypervisor.fileHoles()))) {
                        writer.writeBaseImage(base, in);
                    }
                }
            }
        } catch (IOException e) {
            throw unwritten(e);
        }
    }

    private static VmmigException unwritten(IOException e) {
        return VmmigException.from(
                e, Problem.FILE_FAILED, "could not write the package", "Check the files of the guest and try again.");
    }

    private PackageCaching beginKeeping() throws VmmigException {
        return hostState.images().references().packages().begin();
    }

    /** Read while the guest still runs; only a signer has a use for it. */
    private GuestHistory history(UUID guest) throws VmmigException {
        return settings.signer == null
                ? GuestHistory.UNKNOWN
                : GuestHistories.of(hostState).find(guest);
    }

    /** Whether the guest is no more here in the end: it runs at another host, or its caller wants it removed. */
    private boolean givesAway() {
        return isLive() || settings.removeGuest;
    }

    /** Packs the guest, which continues as soon as all of it has been read. */
    private Sent copy(
            Outgoing outgoing,
            PackageWriter writer,
            SavedGuest saved,
            CompletableFuture<FreePages> search,
            Ballooning lent,
            DepartureJournal journal)
            throws VmmigException {
        FreePages free;
        PackageSummary summary;
        try {
            outgoing.departure().requireUnchanged(outgoing.guest(), saved.domainXml());
            Belongings belongings = belongings(outgoing, saved);
            writeDisks(outgoing, writer, saved, lent, belongings);
            free = cancellation.await(search);
            summary = writeSnapshot(outgoing, writer, saved, free);
        } catch (OutOfMemoryError e) {
            // Its segments are the most of what there is; resuming the guest takes some heap, too.
            writer.close();
            throw rolledBack(outgoing, saved, journal, HeapBudget.checked(e));
        } catch (VmmigException e) {
            throw rolledBack(outgoing, saved, journal, e);
        } catch (RuntimeException | Error e) {
            saved.resume();
            throw e;
        }
        recorder.enter(Phase.RESUME);
        outgoing.others().close();
        persist(saved::resume, "it was packed, and could not be resumed");
        state = state.then(SourceState.COPIED);
        journal.copied();
        return new Sent(summary, free, saved.suspendedAt(), wasRunning ? Instant.now() : null);
    }

    /** What remains to be done when the guest is settled. */
    private SourceReport complete(Outgoing outgoing, Sent sent, Ballooning lent, DepartureJournal journal)
            throws VmmigException {
        if (state == SourceState.COPIED) {
            lent.close();
            if (sent.resumedAt() != null && !settings.leaveClock) {
                GuestClock.catchUp(
                        hypervisor, guestName, Duration.between(sent.suspendedAt(), sent.resumedAt()), recorder);
            }
            publish(outgoing, journal);
        }
        outgoing.others().report();
        recorder.end();
        Departure departure = outgoing.departure();
        SourceReport report = new SourceReport(
                Reports.summary(
                        departure.manifest(),
                        sent.summary(),
                        guestName,
                        transport.description(),
                        recorder,
                        departure.references()),
                sent.suspendedAt(),
                sent.resumedAt(),
                new SourceReport.FreePages(
                        sent.free().leftOut(), sent.free().reason().orElse(null)),
                lent.report(),
                leftHere);
        keep(outgoing, sent.summary().seal());
        return report;
    }

    /** Completes the package of a guest that runs on. Until then its journal says that there is something to clear. */
    private void publish(Outgoing outgoing, DepartureJournal journal) throws VmmigException {
        recorder.enter(Phase.COMMIT);
        try {
            outgoing.session().finish();
            cancellation.pointOfNoReturn();
            committed = true;
            UploadSession.commit(outgoing.session(), journal);
            settle(journal);
        } catch (VmmigException e) {
            if (e.problem() != Problem.OUTCOME_UNKNOWN) {
                settle(journal);
                throw e;
            }
            if (!isComplete(outgoing, journal, e)) {
                there = EndState.UNKNOWN;
                // The journal stays: a recovery clears what there may be at the store.
                throw e;
            }
            settle(journal);
        }
    }

    /** Whether the package is complete though its store could not say so at first. */
    private boolean isComplete(Outgoing outgoing, DepartureJournal journal, VmmigException unknown)
            throws VmmigException {
        Outcome outcome =
                Inquiry.about(outgoing.manifest().packageId(), journal, transport, guestName, settings.inquiryTimeout);
        if (outcome == Outcome.NOT_TAKEN) {
            VmmigException lost = VmmigException.of(
                    Problem.CONNECTION_LOST,
                    "the package could not be completed at " + transport.description() + ": "
                            + unknown.failure().what(),
                    "Pack the guest again.");
            lost.addSuppressed(unknown);
            throw lost;
        }
        return outcome == Outcome.TAKEN;
    }

    private Sent handOver(
            Outgoing outgoing,
            PackageWriter writer,
            SavedGuest saved,
            CompletableFuture<FreePages> search,
            Ballooning lent,
            DepartureJournal journal)
            throws VmmigException {
        OutgoingSession session = outgoing.session();
        PackageSummary summary;
        FreePages free;
        try {
            outgoing.departure().requireUnchanged(outgoing.guest(), saved.domainXml());
            Belongings belongings = belongings(outgoing, saved);
            writeDisks(outgoing, writer, saved, lent, belongings);
            free = cancellation.await(search);
            summary = writeSnapshot(outgoing, writer, saved, free);
            recorder.enter(Phase.RESTORE);
            session.finish();
            state = state.then(SourceState.SENT);
            recorder.enter(Phase.COMMIT);
            cancellation.pointOfNoReturn();
            autostarts = belongings.autostart();
            Interferences.requireNone(saved);
            journal.commit(autostarts);
        } catch (OutOfMemoryError e) {
            // Its segments are the most of what there is; resuming the guest takes some heap, too.
            writer.close();
            throw rolledBack(outgoing, saved, journal, HeapBudget.checked(e));
        } catch (VmmigException e) {
            throw rolledBack(outgoing, saved, journal, e);
        } catch (RuntimeException | Error e) {
            saved.resume();
            throw e;
        }
        state = state.then(SourceState.COMMITTED);
        committed = true;
        commit(outgoing, saved, journal);
        Instant resumedAt = isLive() && wasRunning ? Instant.now() : null;
        retire(outgoing, saved, lent);
        settle(journal);
        return new Sent(summary, free, saved.suspendedAt(), resumedAt);
    }

    /** Comes last: it may take seconds, and the guest is settled whatever becomes of it. */
    private void keep(Outgoing outgoing, Digest seal) {
        try {
            if (outgoing.keeping().finish(seal)) {
                outgoing.departure().prepareNext(hostState.images(), seal);
            }
        } catch (VmmigException | RuntimeException e) {
            LOG.warn("guest {}: the package could not be kept, so the next one will be larger", guestName, e);
        }
    }

    /** What the hypervisor keeps of the guest now that it has been saved: somebody may have changed that since the offer. */
    private Belongings belongings(Outgoing outgoing, SavedGuest saved) throws VmmigException {
        Belongings offered = outgoing.departure().belongings();
        GuestInventory inventory = outgoing.guest().inventory();
        atSave = inventory;
        Belongings now = Belongings.of(
                Belongings.withBitmaps(inventory, outgoing.departure().chains().values()),
                outgoing.departure().travelling(saved.domainXml()),
                settings.policy,
                settings.losses,
                !givesAway());
        now.requireLike(offered);
        now.notices().stream()
                .filter(notice -> !offered.notices().contains(notice))
                .forEach(recorder::notice);
        return now;
    }

    /** First the disks, which are settled; QEMU holds the memory back until it is read. */
    private void writeDisks(
            Outgoing outgoing, PackageWriter writer, SavedGuest saved, Ballooning lent, Belongings belongings)
            throws VmmigException {
        recorder.enter(Phase.DISKS, outgoing.departure().diskBytes());
        try {
            DomainXml domain = outgoing.departure().travelling(saved.domainXml());
            lent.changedByOthers(domain).ifPresent(recorder::notice);
            writer.writeDomain(
                    lent.withAllMemory(domain.text()),
                    saved.cookie(),
                    outgoing.departure().shared().without(belongings.definition()),
                    belongings.record(saved.wasRunning(), !givesAway(), lent.any()));
            for (Map.Entry<String, DiskChain> disk :
                    outgoing.departure().chains().entrySet()) {
                writeDisk(writer, disk.getKey(), disk.getValue(), outgoing.manifest());
            }
        } catch (IOException e) {
            throw unwritten(e);
        }
    }

    private PackageSummary writeSnapshot(Outgoing outgoing, PackageWriter writer, SavedGuest saved, FreePages free)
            throws VmmigException {
        recorder.enter(Phase.SNAPSHOT, outgoing.manifest().memoryBytes());
        try (InputStream memory = free.strip(new MemoryProgress(saved.memory(), recorder::moved))) {
            writer.writeSnapshot(memory);
            // Without its end the destination trusts nothing of the package.
            Interferences.requireNone(saved);
            return writer.finish(contents -> sign(outgoing, contents));
        } catch (IOException e) {
            throw unwritten(e);
        }
    }

    private List<String> sign(Outgoing outgoing, Digest contents) throws VmmigException {
        PackageSigner signer = settings.signer;
        if (signer == null) {
            return List.of();
        }
        GuestHistory history = outgoing.history();
        return signer.sign(new PackageClaim(
                outgoing.manifest().packageId(),
                contents,
                outgoing.session().recipients(),
                history.from(),
                history.signatures(),
                history.changes()));
    }

    private boolean needed(Optional<Path> file, Manifest.@Nullable Content content, Outgoing outgoing) {
        return file.isPresent() && content != null && !isHeld(content, outgoing);
    }

    /** Whether content need not travel. */
    private boolean isHeld(Manifest.Content content, Outgoing outgoing) {
        return mayLeaveOut(outgoing.manifest())
                && outgoing.acceptance().held().contains(content.digest().toString());
    }

    /** What only an earlier package holds is left out of one that stands upon it: any other is to be complete in itself. */
    private boolean mayLeaveOut(Manifest manifest) {
        return isLive()
                || manifest.references().stream()
                        .anyMatch(reference -> reference.kind() == Manifest.Reference.Kind.PACKAGE);
    }

    private void writeDisk(PackageWriter writer, String target, DiskChain chain, Manifest manifest)
            throws IOException, VmmigException {
        for (int i = 0; i < chain.layers().size(); i++) {
            try (InputStream in = counted(chain.open(i, baseDigest(target, manifest), hypervisor.fileHoles()))) {
                writer.writeDiskLayer(target, i, in);
            }
        }
    }

    private static @Nullable Digest baseDigest(String target, Manifest manifest) {
        return manifest.disks().stream()
                .filter(disk -> disk.target().equals(target))
                .findFirst()
                .map(Manifest.Disk::base)
                .map(base -> base.content().digest())
                .orElse(null);
    }

    private InputStream counted(InputStream in) {
        return new CountingInput(in, recorder::moved);
    }

    /** Were this host to fail and boot again, it must not start a guest that runs elsewhere. */
    private void holdAutostart(Guest guest) throws VmmigException {
        if (autostarts) {
            guest.setAutostart(false);
        }
    }

    private void restoreAutostart() throws VmmigException {
        if (autostarts) {
            hypervisor.guest(guestName).setAutostart(true);
        }
    }

    /** Rolls back, unless somebody has ended the guest; what is returned says what became of it. */
    private VmmigException rolledBack(
            Outgoing outgoing, SavedGuest saved, DepartureJournal journal, VmmigException failure) {
        VmmigException reason = Interferences.explained(failure, saved);
        // What comes after this is done by us.
        outgoing.others().close();
        if (insist(
                () -> resumeUnlessEnded(outgoing.guest(), saved),
                "it could not be resumed after " + reason.problem(),
                reason)) {
            state = state.then(SourceState.ROLLED_BACK);
            if (insist(this::restoreAutostart, "it could not be set to start at boot again", reason)) {
                settle(journal);
            }
        }
        return reason;
    }

    /** A guest that somebody has ended is not brought back. */
    private static void resumeUnlessEnded(Guest guest, SavedGuest saved) throws VmmigException {
        try {
            saved.resume();
        } catch (VmmigException e) {
            if (Interferences.observed(guest) != EndState.STOPPED) {
                throw e;
            }
            LOG.debug("guest {}: it has been ended", guest.name(), e);
        }
    }

    private void commit(Outgoing outgoing, SavedGuest saved, DepartureJournal journal) throws VmmigException {
        try {
            holdAutostart(outgoing.guest());
            UploadSession.commit(outgoing.session(), journal);
        } catch (VmmigException e) {
            if (e.problem() != Problem.OUTCOME_UNKNOWN) {
                throw rolledBack(outgoing, saved, journal, e);
            }
            switch (Inquiry.about(
                    outgoing.manifest().packageId(), journal, transport, guestName, settings.inquiryTimeout)) {
                case TAKEN -> LOG.info("guest {}: the destination has taken it, and says so now", guestName);
                case NOT_TAKEN -> {
                    VmmigException lost = VmmigException.of(
                            Problem.CONNECTION_LOST,
                            "the connection broke while the guest was handed over, and the destination has not taken it",
                            "Start the migration again.");
                    lost.addSuppressed(e);
                    throw rolledBack(outgoing, saved, journal, lost);
                }
                case UNDER_WAY, UNHEARD_OF -> {
                    there = EndState.UNKNOWN;
                    ranMeanwhile(saved)
                            .ifPresent(seen -> recorder.notice(Interferences.runsThoughUnknown(guestName, seen)));
                    saved.leavePaused();
                    state = state.then(SourceState.UNKNOWN);
                    throw e;
                }
            }
        } catch (RuntimeException | Error e) {
            there = EndState.UNKNOWN;
            leftToRecovery = true;
            saved.leavePaused();
            state = state.then(SourceState.UNKNOWN);
            throw VmmigException.of(
                    Failure.of(
                            Problem.OUTCOME_UNKNOWN,
                            "this program failed while the guest was handed over (" + e
                                    + "), so it is not known whether the destination has it",
                            ""),
                    e);
        }
    }

    private void retire(Outgoing outgoing, SavedGuest saved, Ballooning lent) throws VmmigException {
        Departure departure = outgoing.departure();
        there = !isLive() ? EndState.HOLDS_PACKAGE : wasRunning ? EndState.RUNS : EndState.PAUSED;
        recorder.enter(Phase.RETIRE);
        Optional<Interference> ran = ranMeanwhile(saved);
        reportLateChanges(outgoing.guest());
        // What comes after this is done by us.
        outgoing.others().close();
        persist(saved::retire, "it was handed over, and could not be removed here");
        lent.gone();
        try {
            departure.keepBootFiles(hostState.images());
        } catch (VmmigException e) {
            LOG.warn("guest {}: should it come back, its kernel and ramdisk have to travel", guestName, e);
        }
        if (ran.isPresent()) {
            recorder.notice(Interferences.ranTwice(guestName, ran.get(), Instant.now(), departure.ownFiles()));
        } else {
            DepartedFiles.remove(
                            departure.ownFiles(), departure.domain().uuid(), hypervisor, settings.hypervisorTimeout)
                    .forEach(recorder::notice);
        }
        leftHere = departure.imagesStillHere();
        forget(departure.manifest().guestUuid());
        state = state.then(SourceState.RETIRED);
    }

    private void reportLateChanges(Guest guest) {
        try {
            if (atSave != null) {
                LateChanges.between(atSave, guest.inventory()).forEach(recorder::notice);
            }
        } catch (VmmigException e) {
            LOG.warn("guest {}: whether its definition was changed meanwhile is not known", guestName, e);
        }
    }

    /** Whether somebody let the guest run here after it had been given away. */
    private Optional<Interference> ranMeanwhile(SavedGuest saved) {
        try {
            return saved.interference().filter(seen -> seen.kind() == Interference.Kind.RAN);
        } catch (VmmigException e) {
            LOG.warn("guest {}: whether it ran here after it had been given away is not known", guestName, e);
            return Optional.empty();
        }
    }

    private void forget(UUID guest) {
        GuestHistories.of(hostState).remove(guest);
    }

    /** What the destination is told: problems of ours, in our words. */
    private Failure tellable(VmmigException e) {
        return cancellation.explained(e).failure().during(guestName, recorder.phase());
    }

    private VmmigException explained(VmmigException thrown) {
        VmmigException e = cancellation.explained(thrown);
        Failure failure = e.failure().during(guestName, recorder.phase());
        // A destination that refuses says what it is left with.
        EndState told = thrown.failure().destination();
        EndState destination = there == EndState.NOT_HANDED_OVER && told != EndState.UNKNOWN ? told : there;
        Failure whole = failure.leaving(here(), destination);
        return VmmigException.of(leftToRecovery ? whole.advising(RECOVER) : whole, e);
    }

    /** What this host has of the guest, as its hypervisor says now; somebody else may have ended or resumed it. */
    private EndState here() {
        if (guestUuid == null) {
            return EndState.UNTOUCHED;
        }
        EndState observed = Sight.stateOf(hypervisor, guestUuid);
        boolean asBefore = state == SourceState.PREPARED
                && !leftToRecovery
                && (observed == EndState.RUNS || observed == EndState.PAUSED && !ranBefore);
        return asBefore ? EndState.UNTOUCHED : observed;
    }
}
