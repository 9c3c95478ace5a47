// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.GuestRecord;
import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageReader;
import io.vmmig.bundle.PackageReader.Entry;
import io.vmmig.bundle.PackageSummary;
import io.vmmig.content.Digest;
import io.vmmig.domain.DomainChange;
import io.vmmig.domain.DomainXml;
import io.vmmig.error.EndState;
import io.vmmig.error.Failure;
import io.vmmig.error.IncompatibleException;
import io.vmmig.error.IntegrityException;
import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Phase;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.handover.ArrivalJournal;
import io.vmmig.handover.DestinationState;
import io.vmmig.handover.HandOverRules;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.hypervisor.Interference;
import io.vmmig.hypervisor.RestoreRequest;
import io.vmmig.hypervisor.RestoredGuest;
import io.vmmig.hypervisor.RestoringGuest;
import io.vmmig.json.Malformed;
import io.vmmig.json.Texts;
import io.vmmig.protection.Handling;
import io.vmmig.protection.PackageVerifier;
import io.vmmig.reference.ImageStore;
import io.vmmig.reference.PackageCaching;
import io.vmmig.reference.PageLayout;
import io.vmmig.reference.ReferenceStore;
import io.vmmig.report.DestinationReport;
import io.vmmig.report.Notice;
import io.vmmig.snapshot.HeapBudget;
import io.vmmig.state.HostState;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.Offer;
import io.vmmig.transport.StoredPackage;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The destination's side of a migration, top to bottom. The guest runs here only after the source has given it away; whatever
 * fails before that leaves nothing here.
 */
public final class ReceivePipeline {
    private static final Logger LOG = LoggerFactory.getLogger(ReceivePipeline.class);
    /** What a journal takes of the source's name. */
    private static final int MAX_SOURCE = 500;

    private static final String RECOVER =
            "Run Recovery here (Recovery.of(hypervisor).state(state).run()) when the hypervisor answers again.";

    private final Hypervisor hypervisor;
    private final IncomingSession session;
    private final Path guests;
    private final HostState hostState;
    private final ImageStore images;
    private final ReceiveSettings settings;
    private final Recorder recorder;
    private final Cancellation cancellation;
    private @Nullable ArrivalJournal journal;
    private @Nullable ArrivalClaims claims;
    private List<Manifest.Reference> reliedUpon = List.of();
    /** Whether the hypervisor was told that the guest runs, or stays paused, here for good. */
    private boolean letRun;
    /** Whether it is not certain that the guest is gone again. */
    private boolean leftBehind;
    /** Whether only files of it could not be removed. */
    private boolean filesLeft;

    private boolean taken;
    private @Nullable Digest authentic;
    private @Nullable EarlyRestore early;
    private final List<RestoringGuest> begun = new ArrayList<>();
    private List<Handling> provenance = List.of();

    public ReceivePipeline(
            Hypervisor hypervisor,
            IncomingSession session,
            Path guests,
            HostState hostState,
            ReceiveSettings settings,
            Recorder recorder,
            Cancellation cancellation) {
        this.hypervisor = hypervisor;
        this.session = session;
        this.guests = guests;
        this.hostState = hostState;
        this.images = hostState.images();
        this.settings = settings;
        this.recorder = recorder;
        this.cancellation = cancellation;
    }

    public ReceivePipeline(
            Hypervisor hypervisor,
            StoredPackage stored,
            Path guests,
            HostState hostState,
            ReceiveSettings settings,
            Recorder recorder,
            Cancellation cancellation) {
        this(hypervisor, new StoredSession(stored), guests, hostState, settings, recorder, cancellation);
    }

    private boolean isLive() {
        return !(session instanceof StoredSession);
    }

    /** Receives the guest; throws with everything settled as the exception says. Closes the session. */
    public DestinationReport run() throws VmmigException {
        return recorder.concluding(this::receiveAlone);
    }

    private DestinationReport receiveAlone() throws VmmigException {
        try (session) {
            cancellation.onRequest(() -> session.refuse(cancellation.reason()));
            session.onReconnected(recorder::reconnected);
            return receiveWhenAdmitted();
        } catch (VmmigException e) {
            throw explained(e);
        } finally {
            recorder.end();
        }
    }

    private DestinationReport receiveWhenAdmitted() throws VmmigException {
        Deadline deadline = Deadline.after(settings.migrationTimeout, "the migration went on", cancellation);
        try {
            session.awaitOffer();
            Admission admission = Admission.await(settings.admission, recorder, cancellation);
            try {
                return receive();
            } finally {
                admission.end();
            }
        } finally {
            deadline.close();
        }
    }

    private DestinationReport receive() throws VmmigException {
        try {
            cancellation.check();
            recorder.enter(Phase.OFFER);
            HeapBudget.ofThisProgram().requireRoomForMigration();
            CodecWarmUp.READING.begin();
            requireAuthentic();
            recorder.doing("waiting for the offer of " + source());
            Offer offer = session.offer();
            recorder.doing("checking whether this host can take the guest");
            recorder.expect(Phase.DISKS, diskBytes(offer.manifest()));
            recorder.expect(Phase.SNAPSHOT, offer.manifest().memoryBytes());
            requireWithinLimits(offer);
            recorder.renameGuest(offer.manifest().guestName());
            requireNew(offer.manifest());
            Arrival arrival = arrival(offer);
            recorder.renameGuest(arrival.guestName());
            if (Abandonable.run(this::keptEarlierPackages, cancellation)) {
                // Its kernel and its ramdisk may have been in these.
                arrival = arrival(offer);
            }
            Path place = ArrivalJournal.place(hostState, offer.manifest().packageId(), isLive());
            Arrival placed = arrival;
            List<Path> claimed = Abandonable.run(() -> placed.claims(hypervisor, hostState), cancellation);
            claims = claim(arrival, claimed, place);
            ArrivalsUnderWay underWay = ArrivalsUnderWay.begin(place, session);
            try {
                Abandonable.check(() -> placed.requireFree(hypervisor), cancellation);
                ArrivalJournal.Facts facts = arrival.facts(claimed, source(), session.peer(), isLive());
                try (ArrivalJournal noted = ArrivalJournal.begin(place, hostState, facts)) {
                    journal = noted;
                    noted.onAbandoned(session::close);
                    return receive(arrival, offer, new ArrivalFiles(noted), noted);
                }
            } finally {
                claims.close();
                underWay.end();
            }
        } catch (VmmigException | OutOfMemoryError thrown) {
            VmmigException e = HeapBudget.checked(thrown);
            // Only now, when nothing runs here, may the source be told so. If that is not certain it is told nothing.
            if (!mayRunHere()) {
                session.refuse(explained(e).failure());
            }
            removeDamaged(e);
            throw e;
        }
    }

    /** From here on nobody else comes into the guest's way, nor does it come into anybody's. */
    private ArrivalClaims claim(Arrival arrival, List<Path> claimed, Path place) throws VmmigException {
        UUID uuid = arrival.offered().running().domain().uuid();
        ArrivalClaims.Holder holder =
                new ArrivalClaims.Holder(arrival.manifest().packageId(), arrival.guestName(), uuid, source(), place);
        try {
            return ArrivalClaims.take(claimed, holder);
        } catch (ArrivalClaims.TakenException e) {
            if (!ArrivalsUnderWay.giveUp(e, uuid, session, cancellation)) {
                throw e.refusal(arrival.guestName(), uuid);
            }
        }
        try {
            return ArrivalClaims.take(claimed, holder);
        } catch (ArrivalClaims.TakenException e) {
            throw e.refusal(arrival.guestName(), uuid);
        }
    }

    /** Whom it comes from, in one plain line. */
    private String source() {
        StringBuilder plain = new StringBuilder();
        session.description()
                .codePoints()
                .limit(MAX_SOURCE)
                .forEach(c -> plain.appendCodePoint(Texts.isPlain(c) ? c : '?'));
        return plain.isEmpty() ? "an unnamed source" : plain.toString();
    }

    private DestinationReport receive(Arrival arrival, Offer offer, ArrivalFiles files, ArrivalJournal noted)
            throws VmmigException {
        try {
            arrival.making(files);
            files.makeDirectory();
            try (SharedPages shared = arrival.sharedPages(images, isLive())) {
                reliedUpon = shared.all();
                if (isLive()) {
                    // Another try has another package, so this can be noted before the guest is stopped.
                    take(arrival.manifest());
                }
                beginEarly(arrival, offer);
                CodecWarmUp.READING.await(cancellation);
                session.accept(new Acceptance(arrival.held(), Set.copyOf(shared.all())));
                return takeOver(arrival, offer, shared, files, noted);
            }
        } catch (VmmigException | RuntimeException | Error e) {
            begun.forEach(restore -> leaveNothing(restore::close, e));
            if (noted.state() != DestinationState.RESUMED && !leftBehind) {
                giveBack(arrival.manifest());
                if (files.discard(hypervisor)) {
                    noted.discarded();
                } else {
                    abandon(noted);
                }
            }
            throw e;
        }
    }

    /** Something of it could not be removed, which is left to a recovery; it will not run here. */
    private void abandon(ArrivalJournal noted) {
        filesLeft = true;
        try {
            if (noted.state() != DestinationState.ABANDONED && noted.state() != DestinationState.RETRACTING) {
                noted.enter(DestinationState.ABANDONED);
            }
        } catch (VmmigException e) {
            LOG.warn("guest {}: that it will not run here could not be recorded: {}", recorder.guest(), e.getMessage());
        }
    }

    /** Begins what can begin before the guest stands still, once all is here that it takes. */
    private void beginEarly(Arrival arrival, Offer offer) throws VmmigException {
        if (early == null && isLive() && offer.cookie() != null && arrival.bootFilesHere() && arrival.canReserve()) {
            cancellation.check();
            arrival.reserveLayers();
            RestoreRequest request = new RestoreRequest(
                    arrival.offered().running().domain().text(),
                    arrival.adaptCookie(offer.cookie()),
                    arrival.offered().definitionXml());
            early = new EarlyRestore(request, beginRestore(arrival, request));
        }
    }

    /** A restore that has begun is ended when the migration is; again and again, while the hypervisor does not answer. */
    private RestoringGuest beginRestore(Arrival arrival, RestoreRequest request) throws VmmigException {
        RestoringGuest restore;
        try {
            restore = hypervisor.restore(request);
        } catch (VmmigException e) {
            if (HypervisorRetry.mayHelp(e) && e.problem() != Problem.GUEST_BUSY) {
                leaveNothing(
                        () -> removeIfThere(arrival.offered().running().domain().uuid()), e);
                // It may yet be there.
                leftBehind |= e.problem() == Problem.HYPERVISOR_TIMEOUT;
            }
            throw e;
        }
        begun.add(restore);
        cancellation.onRequest(() -> {
            try {
                restore.close();
            } catch (VmmigException e) {
                LOG.debug("guest {}: its restore could not be ended yet", recorder.guest(), e);
            }
        });
        return restore;
    }

    private void removeIfThere(UUID uuid) throws VmmigException {
        Sight sight = Sight.of(hypervisor, uuid);
        if (sight.guest() != null && sight.found() != HandOverRules.Found.RUNNING) {
            sight.guest().remove();
        }
    }

    /** A package that lies still is verified before anything in it is used. */
    private void requireAuthentic() throws VmmigException {
        if (isLive()) {
            return;
        }
        PackageVerifier verifier = settings.verifier;
        if (verifier == null) {
            throw new IntegrityException(
                    Problem.SIGNATURE_MISSING,
                    "nobody has said whose packages are taken from a file",
                    "Say so with Receiver.accepting(…).");
        }
        PackageReader.Evidence evidence = PackageReader.readEvidence(session.packageStream(), settings.limits);
        provenance = verifier.verify(evidence.manifest().packageId(), evidence.contentsDigest(), evidence.signatures());
        authentic = evidence.contentsDigest();
    }

    /** What has come is what was verified before, or whoever made it is accepted now. */
    private void requireAuthentic(Manifest manifest, PackageSummary summary) throws VmmigException {
        PackageVerifier verifier = settings.verifier;
        if (authentic != null && !authentic.equals(summary.contentsDigest())) {
            throw new IntegrityException(
                    Problem.DIGEST_MISMATCH,
                    "the package was changed after its signatures had been verified",
                    "Find out who writes to it.");
        }
        if (authentic == null && verifier != null) {
            provenance = verifier.verify(manifest.packageId(), summary.contentsDigest(), summary.signatures());
        }
    }

    /** A package comes to life once, unless it is to be a copy with an identity of its own. */
    private void requireNew(Manifest manifest) throws VmmigException {
        if (settings.domain.uuid().isEmpty()) {
            ConsumedPackages.of(hostState).requireNew(manifest.packageId());
        }
    }

    private void take(Manifest manifest) throws VmmigException {
        if (settings.domain.uuid().isEmpty()) {
            ConsumedPackages.of(hostState).add(manifest.packageId());
            taken = true;
        }
    }

    private void giveBack(Manifest manifest) {
        if (taken) {
            ConsumedPackages.of(hostState).remove(manifest.packageId());
        }
    }

    /** So that whoever takes the guest next learns where it has been. */
    private void remember(Restoration restoration, Landing landing) throws VmmigException {
        PackageSummary summary = restoration.summary();
        GuestHistories.of(hostState)
                .put(
                        restoration.guest().running().domain().uuid(),
                        summary.seal(),
                        provenance.isEmpty() ? List.of() : summary.signatures(),
                        landing.changes().stream().map(ReceivePipeline::told).toList());
    }

    /** What other hosts may know of a change: not where this one has its files. */
    private static String told(DomainChange change) {
        boolean ofPaths =
                Stream.of(change.before(), change.after()).anyMatch(value -> value != null && value.contains("/"));
        return ofPaths ? change.where() : change.toString();
    }

    private Arrival arrival(Offer offer) throws VmmigException {
        return Abandonable.run(() -> Arrival.of(offer, isLive(), hypervisor, settings, images, guests), cancellation);
    }

    /** If it was an earlier package that is damaged, the next try must not stand upon that again. */
    private void removeDamaged(VmmigException why) {
        if (why.problem() != Problem.BASE_IMAGE_DAMAGED && why.problem() != Problem.DIGEST_MISMATCH) {
            return;
        }
        List<Digest> earlier = reliedUpon.stream()
                .filter(reference -> reference.kind() == Manifest.Reference.Kind.PACKAGE)
                .map(Manifest.Reference::digest)
                .toList();
        try {
            images.references().packages().removeDamaged(earlier);
        } catch (VmmigException e) {
            why.addSuppressed(e);
        }
    }

    /** Keeps what the package stands upon, as far as the caller has brought it along; false if that is nothing. */
    private boolean keptEarlierPackages() throws VmmigException {
        if (!(session instanceof StoredSession from)) {
            return false;
        }
        List<StoredPackage.EarlierPackage> all = from.stored().earlierPackages();
        for (StoredPackage.EarlierPackage earlier : all) {
            cancellation.check();
            try {
                images.references().addPackageUnlessHeld(earlier::open);
            } catch (IOException e) {
                throw VmmigException.from(
                        e,
                        Problem.FILE_FAILED,
                        "the earlier package " + earlier + " cannot be read",
                        "Check its name.");
            }
        }
        return !all.isEmpty();
    }

    /** The transport knows the format's bounds, and only we know those of this destination. */
    private void requireWithinLimits(Offer offer) throws VmmigException {
        Manifest.fromJson(offer.manifest().toJson(), settings.limits);
        requireWithinLimits("the size of the domain XML", offer.domainXml());
        if (offer.cookie() != null) {
            requireWithinLimits("the size of libvirt's cookie", offer.cookie());
        }
        if (offer.definitionXml() != null) {
            requireWithinLimits("the size of the definition", offer.definitionXml());
        }
    }

    private void requireWithinLimits(String what, String xml) throws VmmigException {
        int bytes = xml.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > settings.limits.xmlBytes()) {
            throw Malformed.overLimit(what, bytes, settings.limits.xmlBytes());
        }
    }

    private static long diskBytes(Manifest manifest) {
        return manifest.disks().stream()
                .flatMap(disk -> disk.layers().stream())
                .mapToLong(Manifest.Layer::fileBytes)
                .sum();
    }

    private boolean mayRunHere() {
        return state() == DestinationState.RESUMED
                || (leftBehind && (state() == DestinationState.COMMITTED || state() == DestinationState.RETRACTING));
    }

    private DestinationState state() {
        return journal == null ? DestinationState.OFFERED : journal.state();
    }

    private DestinationReport takeOver(
            Arrival arrival, Offer offer, SharedPages shared, ArrivalFiles files, ArrivalJournal noted)
            throws VmmigException {
        try (PackageCaching keeping = images.references().packages().begin();
                PackageReader reader = PackageReader.from(
                        keeping.passingFrom(session.packageStream()),
                        settings.limits,
                        manifest -> shared.of(manifest.references()))) {
            cancellation.onRequest(reader::close);
            requireAsOffered(reader.manifest(), arrival.manifest());
            Restoration restoration = new Restoration(arrival, offer, reader, noted);
            RestoredGuest restored = restoration.run();
            try {
                Landing landing = landing(arrival, restoration, restored);
                files.list();
                noted.restored(landing.running(), landing.autostart());
                requirePaused(restored);
                session.restored();
                recorder.enter(Phase.COMMIT);
                session.awaitCommit();
                cancellation.pointOfNoReturn();
                requireThere(restored);
                noted.enter(DestinationState.COMMITTED);
                recorder.enter(Phase.RESUME);
                if (!isLive()) {
                    // Not before: a package file whose restore has failed can be restored later.
                    take(arrival.manifest());
                }
                Instant resumedAt = resume(landing, restored, noted);
                remember(restoration, landing);
                if (restoration.record().lent()) {
                    Ballooning.giveBack(
                            hypervisor,
                            arrival.guestName(),
                            restoration.guest().running().domain());
                }
                if (resumedAt != null && !settings.leaveClock) {
                    GuestClock.catchUp(hypervisor, restored.name(), restoration.pausedUntil(resumedAt), recorder);
                }
                DestinationReport report = new DestinationReport(
                        Reports.summary(
                                arrival.manifest(),
                                restoration.summary(),
                                arrival.guestName(),
                                arrival.guestName(),
                                ended(),
                                arrival.references()),
                        resumedAt,
                        landing.changes(),
                        provenance);
                keep(keeping, restoration.summary().seal());
                return report;
            } catch (VmmigException | RuntimeException | Error e) {
                if (noted.state() == DestinationState.COMMITTED) {
                    // Only a hypervisor that has refused to resume it makes it certain that it does not run.
                    if (letRun || !(e instanceof VmmigException failure) || HypervisorRetry.mayHelp(failure)) {
                        leaveToRecovery(restored);
                        throw e;
                    }
                    noted.retracting();
                }
                leaveNothing(restored::close, e);
                restored.leavePaused();
                throw e;
            }
        }
    }

    /** Before the source hears that the guest is here, paused, it is looked at once more. */
    private static void requirePaused(RestoredGuest restored) throws VmmigException {
        Optional<Interference> seen = restored.interference();
        if (!HandOverRules.mayBeGiven(seen.map(Interference::kind))) {
            throw Interferences.atDestination(seen.orElseThrow());
        }
    }

    /** The source has given the guest away; if it is not here any more, the source takes it back. */
    private void requireThere(RestoredGuest restored) throws VmmigException {
        Optional<Interference> seen = restored.interference();
        if (!HandOverRules.takes(seen.map(Interference::kind))) {
            throw Interferences.atDestination(seen.orElseThrow());
        }
        seen.filter(one -> one.kind() == Interference.Kind.RAN)
                .ifPresent(one -> recorder.notice(Interferences.ranEarly(recorder.guest(), one)));
    }

    /** Comes last: it may take seconds, and the guest runs whatever becomes of it. */
    private void keep(PackageCaching keeping, Digest seal) {
        try {
            if (keeping.finish(seal)) {
                ReferenceStore store = images.references();
                store.packages().prepare(seal, store::find);
            }
        } catch (VmmigException | RuntimeException e) {
            LOG.warn("guest {}: the package could not be kept, so the next one will be larger", recorder.guest(), e);
        }
    }

    /** The guest is this host's, and its hypervisor does not answer: a recovery resumes it, as after a crash in this moment. */
    private void leaveToRecovery(RestoredGuest restored) {
        leftBehind = true;
        LOG.error("guest {}: it was handed over, and its resume here was not completed. {}", recorder.guest(), RECOVER);
        restored.leavePaused();
    }

    private void leaveNothing(HypervisorRetry.Step removal, Throwable reason) {
        try {
            HypervisorRetry.run(recorder.guest(), settings.hypervisorTimeout, removal);
        } catch (VmmigException e) {
            leftBehind = state() != DestinationState.RESUMED;
            LOG.error("guest {}: it is not certain that nothing of it is left here. {}", recorder.guest(), RECOVER, e);
            reason.addSuppressed(e);
        }
    }

    private Recorder ended() {
        recorder.end();
        return recorder;
    }

    private static void requireAsOffered(Manifest received, Manifest offered) throws VmmigException {
        if (!received.withReferences(offered.references()).equals(offered)) {
            throw new PackageFormatException(
                    Problem.PACKAGE_MALFORMED,
                    "the package is not the one that was offered",
                    "Start the migration again.");
        }
    }

    /**
     * How the guest is to be here, now that all is known of it.
     *
     * @param running whether it is to run
     * @param autostart whether this host is to start it when it boots
     * @param changes all that was changed in its XML
     */
    private record Landing(boolean running, boolean autostart, List<DomainChange> changes) {}

    /** Tells what the guest does not have here, too. */
    private Landing landing(Arrival arrival, Restoration restoration, RestoredGuest restored) throws VmmigException {
        AdaptedGuest guest = restoration.guest();
        GuestRecord record = restoration.record();
        guest.notices().forEach(recorder::notice);
        for (GuestRecord.LeftBehind left : record.leftBehind()) {
            String what = left.kind() + ' ' + left.name();
            recorder.notice(new Notice(
                    Notice.Kind.NOT_CARRIED, what, "the " + what + " of the guest did not come with it", ""));
        }
        boolean autostart = record.autostart() && guest.persistent() && !arrival.copy();
        if (record.autostart() && !autostart) {
            recorder.notice(new Notice(
                    Notice.Kind.NOT_CARRIED,
                    "autostart",
                    "the source starts the guest when it boots, and this host does not start its copy",
                    "If it is to, say virsh autostart " + arrival.guestName() + '.'));
        }
        List<DomainChange> changes = new ArrayList<>(guest.changes());
        for (DomainChange change : changes) {
            if (change.where().equals("metadata")) {
                recorder.notice(new Notice(
                        Notice.Kind.NOT_CARRIED,
                        "metadata",
                        "what management tools have put into the guest's metadata was left out",
                        "Set it at the destination, with virsh metadata."));
            }
        }
        sameAddress(arrival, restoration).ifPresent(recorder::notice);
        changes.addAll(generationId(arrival, restoration, restored));
        return new Landing(record.running(), autostart, changes);
    }

    /** QEMU's state holds a guest's MAC addresses, so its copy has them as well. */
    private Optional<Notice> sameAddress(Arrival arrival, Restoration restoration) throws VmmigException {
        List<String> before = restoration.saved().connectedMacs();
        if (isLive() || !arrival.copy() || before.isEmpty()) {
            return Optional.empty();
        }
        String macs = String.join(", ", before);
        String name = arrival.guestName();
        boolean down = restoration.guest().running().domain().connectedMacs().isEmpty();
        return Optional.of(new Notice(
                Notice.Kind.SAME_ADDRESS,
                macs,
                down
                        ? "the copy has the MAC address " + macs + " of its original, so its link is down"
                        : "the guest was copied while it kept running at "
                                + arrival.manifest().sourceHost()
                                + "; if it still runs, both are in the network with the MAC address " + macs,
                down
                        ? "When it cannot meet the original there, set the link up: virsh domif-setlink " + name
                                + " MAC up, and the same with --config."
                        : "Find out, and set the link of one of them down: virsh domif-setlink " + name
                                + " MAC down; DomainSettings.withLinksDown() does so from the start."));
    }

    private List<DomainChange> generationId(Arrival arrival, Restoration restoration, RestoredGuest restored)
            throws VmmigException {
        Optional<UUID> asked = restoration.guest().running().domain().generationId();
        String before = restoration.saved().generationId().map(UUID::toString).orElse(null);
        String after = restored.generationId(asked).map(UUID::toString).orElse(null);
        if (Objects.equals(before, after)) {
            return List.of();
        }
        if (!arrival.copy() && before != null) {
            recorder.notice(new Notice(
                    Notice.Kind.NOT_CARRIED,
                    "generation ID",
                    "the guest's generation ID was " + before + " and is " + after
                            + " now, since this hypervisor makes a new one"
                            + " at each restore; so the guest believes that it was copied or set back",
                    ""));
        }
        return List.of(new DomainChange("generation ID", before, after));
    }

    private @Nullable Instant resume(Landing landing, RestoredGuest restored, ArrivalJournal noted)
            throws VmmigException {
        Instant resumedAt = null;
        if (landing.running()) {
            HypervisorRetry.run(recorder.guest(), settings.hypervisorTimeout, restored::resume);
            resumedAt = Instant.now();
        } else {
            restored.leavePaused();
        }
        letRun = true;
        if (landing.autostart()) {
            autostart(restored.name());
        }
        if (!isLive() && taken) {
            ConsumedPackages.of(hostState).confirm(noted.facts().packageId());
        }
        noted.resumed();
        if (claims != null) {
            // It is the guest itself now that has its name and files, and what is left to do here is in nobody's way.
            claims.release();
        }
        try {
            if (session instanceof StoredSession from && !taken) {
                from.stored().takenAsCopy();
            } else {
                session.resumed();
            }
        } catch (VmmigException e) {
            LOG.warn("guest {}: goes on here, but the source could not be told", recorder.guest(), e);
            if (!isLive()) {
                recorder.notice(new Notice(
                        Notice.Kind.LEFT_BEHIND,
                        session.description(),
                        "the source keeps the guest paused, since it could not be told that it continues here: "
                                + e.failure().what(),
                        "Tell it with HttpPackage.answer(…), then let it recover."));
            }
        }
        return resumedAt;
    }

    /** Not before the guest is this host's: were the host to fail and boot again, it would start it. */
    private void autostart(String name) {
        try {
            hypervisor.guest(name).setAutostart(true);
        } catch (VmmigException e) {
            LOG.warn("guest {}: is not started when this host boots", name, e);
            recorder.notice(new Notice(
                    Notice.Kind.NOT_CARRIED,
                    "autostart",
                    "this host could not be told to start the guest when it boots: "
                            + e.failure().what(),
                    "Say virsh autostart " + name + '.'));
        }
    }

    /** From the first entry of the package to the paused guest. */
    private final class Restoration {
        private final Arrival arrival;
        private final Offer offer;
        private final PackageReader reader;
        private final ArrivalJournal noted;
        private @Nullable AdaptedGuest guest;
        private @Nullable GuestRecord record;
        private @Nullable DomainXml saved;
        private @Nullable Instant domainAt;
        private @Nullable String cookie;
        private @Nullable PackageSummary summary;
        private boolean ready;

        Restoration(Arrival arrival, Offer offer, PackageReader reader, ArrivalJournal noted) {
            this.arrival = arrival;
            this.offer = offer;
            this.reader = reader;
            this.noted = noted;
        }

        RestoredGuest run() throws VmmigException {
            recorder.enter(Phase.BOOT_FILES);
            try {
                tellIfReady();
                for (Entry entry = reader.next(); entry != null; entry = reader.next()) {
                    cancellation.check();
                    if (entry instanceof Entry.Domain d) {
                        DomainXml come = DomainXml.parse(d.xml());
                        requireReceived(arrival.newKernel(), arrival.manifest().kernel(), "kernel", come.kernel());
                        requireReceived(arrival.newRamdisk(), arrival.manifest().ramdisk(), "ramdisk", come.ramdisk());
                        for (Map.Entry<Manifest.Base, Path> base :
                                arrival.newBases().entrySet()) {
                            requireReceived(
                                    base.getValue(),
                                    base.getKey().content(),
                                    "base image of disk " + arrival.disksOn(base.getKey()),
                                    Optional.empty());
                        }
                        requireAsOffered(d.guest());
                        guest = arrival.adapt(d.xml(), d.definition());
                        arrival.noteOutputs(guest.running().domain(), noted);
                        record = d.guest();
                        saved = come;
                        domainAt = Instant.now();
                        cookie = arrival.adaptCookie(d.cookie());
                        recorder.enter(Phase.DISKS, diskBytes(arrival.manifest()));
                    } else if (entry instanceof Entry.Kernel kernel) {
                        receiveFile(
                                kernel.stream(),
                                arrival.newKernel(),
                                arrival.manifest().kernel());
                        tellIfReady();
                    } else if (entry instanceof Entry.Ramdisk ramdisk) {
                        receiveFile(
                                ramdisk.stream(),
                                arrival.newRamdisk(),
                                arrival.manifest().ramdisk());
                        tellIfReady();
                    } else if (entry instanceof Entry.BaseImage image) {
                        receiveBase(image);
                        tellIfReady();
                    } else if (entry instanceof Entry.DiskLayer layer) {
                        receiveLayer(layer);
                    } else if (entry instanceof Entry.Snapshot snapshot) {
                        return restore(snapshot.stream());
                    }
                }
                throw new PackageFormatException(
                        Problem.PACKAGE_MALFORMED, "the package has no snapshot", "Make the package again.");
            } catch (IOException e) {
                throw VmmigException.from(
                        e,
                        Problem.FILE_FAILED,
                        "could not receive the package",
                        "Check the destination's directories.");
            }
        }

        private void requireReceived(
                @Nullable Path file, Manifest.@Nullable Content content, String what, Optional<Path> atSource)
                throws IncompatibleException {
            if (file != null && content != null && !Files.exists(file)) {
                throw new IncompatibleException(
                        Problem.REFERENCE_MISSING,
                        "the package leaves out its " + what
                                + atSource.map(path -> " (at the source " + Malformed.quoted(path.toString()) + ")")
                                        .orElse("")
                                + ", " + content.digest() + ", which the destination does not hold",
                        "Name the earlier package that holds it with PackageFile.upon, or add the file with"
                                + " ImageStore.add.");
            }
        }

        /** Once all has come that comes while the guest runs, nothing but what follows can still be refused. */
        private void tellIfReady() throws VmmigException {
            if (!ready && arrival.bootFilesHere()) {
                beginEarly(arrival, offer);
                if (early != null) {
                    early.awaitReady();
                } else if (isLive()) {
                    hypervisor.requireRestorable(new RestoreRequest(
                            arrival.offered().running().domain().text(),
                            null,
                            arrival.offered().definitionXml()));
                }
                ready = true;
                session.ready();
            }
        }

        /** Receives a kernel or a ramdisk, and keeps it where the package's pages may refer to it. */
        private void receiveFile(InputStream stream, @Nullable Path file, Manifest.@Nullable Content content)
                throws IOException, VmmigException {
            Manifest.Content expected = Objects.requireNonNull(content);
            Set<PageLayout> layouts = PageLayout.ofBootFile(reader.manifest(), expected.digest());
            try (InputStream in = new CountingInput(stream, recorder::moved)) {
                if (file != null) {
                    arrival.writeBootFile(in, file);
                    if (!layouts.isEmpty()) {
                        images.references().adopt(file, expected.digest(), layouts);
                    }
                } else if (!layouts.isEmpty()) {
                    images.references().adopt(in, expected.digest(), layouts);
                } else {
                    in.transferTo(OutputStream.nullOutputStream());
                }
            }
        }

        /** Receives a base image; it is what its digest says before anything is based on it. */
        private void receiveBase(Entry.BaseImage image) throws IOException, VmmigException {
            try (InputStream in = new CountingInput(image.stream(), recorder::moved)) {
                Optional<Path> file = arrival.newBase(image.base());
                if (file.isPresent()) {
                    arrival.writeBase(in, image.base(), file.get());
                } else {
                    in.transferTo(OutputStream.nullOutputStream());
                }
            }
        }

        private void receiveLayer(Entry.DiskLayer entry) throws IOException, VmmigException {
            Manifest.Disk disk = arrival.manifest().disks().stream()
                    .filter(d -> d.target().equals(entry.target()))
                    .findFirst()
                    .orElseThrow();
            try (InputStream in = new CountingInput(entry.stream(), recorder::moved)) {
                arrival.writeLayer(in, disk, entry.layer());
            }
        }

        /** Streams the memory into the hypervisor, but for its end, which has to wait until all is verified. */
        private RestoredGuest restore(InputStream content) throws IOException, VmmigException {
            recorder.enter(Phase.SNAPSHOT, arrival.manifest().memoryBytes());
            RestoreRequest request =
                    new RestoreRequest(guest().running().domain().text(), cookie, guest().definitionXml());
            try (InputStream in = new MemoryProgress(content, recorder::moved);
                    RestoringGuest restoring = restoring(request)) {
                HeldBackEnd end = HeldBackEnd.copy(in, restoring.memory());
                noted.enter(DestinationState.RECEIVED);
                recorder.enter(Phase.RESTORE);
                requireNoMore();
                PackageSummary read = reader.verify();
                requireAuthentic(reader.manifest(), read);
                summary = read;
                noted.enter(DestinationState.VERIFIED);
                end.writeTo(restoring.memory());
                return restoring.finish();
            }
        }

        private RestoringGuest restoring(RestoreRequest request) throws VmmigException {
            if (early != null) {
                RestoringGuest begun = early.take(request);
                if (begun != null) {
                    return begun;
                }
                LOG.info(
                        "guest {}: it has come otherwise than was offered, so the hypervisor starts afresh",
                        recorder.guest());
                early.close();
            }
            return beginRestore(arrival, request);
        }

        private void requireNoMore() throws IOException, VmmigException {
            if (reader.next() != null) {
                throw new PackageFormatException(
                        Problem.PACKAGE_MALFORMED, "the package goes on after its snapshot", "Make the package again.");
            }
        }

        AdaptedGuest guest() throws VmmigException {
            if (guest == null) {
                throw new PackageFormatException(
                        Problem.PACKAGE_MALFORMED, "the package has no domain XML", "Make the package again.");
            }
            return guest;
        }

        GuestRecord record() {
            return Objects.requireNonNull(record);
        }

        /** For how long it was paused, as far as that shows here: its XML is sent when it has been. */
        Duration pausedUntil(Instant resumed) {
            Instant paused = isLive()
                    ? Objects.requireNonNull(domainAt)
                    : arrival.manifest().createdAt();
            return Duration.between(paused, resumed);
        }

        /** The guest as it was at the source. */
        DomainXml saved() {
            return Objects.requireNonNull(saved);
        }

        /** Whether it is a copy decides who it is. */
        private void requireAsOffered(GuestRecord come) throws PackageFormatException {
            if (come.copy() != offer.guest().copy()) {
                throw new PackageFormatException(
                        Problem.PACKAGE_MALFORMED,
                        "the package was offered as a copy and is none, or the other way round",
                        "Start the migration again.");
            }
        }

        PackageSummary summary() {
            return Objects.requireNonNull(summary);
        }
    }

    private VmmigException explained(VmmigException thrown) {
        VmmigException e = cancellation.explained(thrown);
        Failure failure = e.failure().during(recorder.guest(), recorder.phase());
        EndState source = isLive() ? failure.source() : EndState.HOLDS_PACKAGE;
        Failure whole = failure.leaving(source, here());
        return VmmigException.of(leftBehind || filesLeft ? whole.advising(RECOVER) : whole, e);
    }

    private EndState here() {
        ArrivalJournal noted = journal;
        if (noted == null) {
            return EndState.UNTOUCHED;
        }
        return leftBehind || filesLeft || noted.state() == DestinationState.RESUMED
                ? Sight.stateOf(hypervisor, noted.facts().uuid())
                : EndState.HOLDS_NOTHING;
    }
}
