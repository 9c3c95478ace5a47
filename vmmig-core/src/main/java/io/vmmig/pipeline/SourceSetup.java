// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageWriter;
import io.vmmig.error.Phase;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.handover.DepartureJournal;
import io.vmmig.hypervisor.Guest;
import io.vmmig.page.PageSource;
import io.vmmig.protection.PackageClaim;
import io.vmmig.protection.PackageSigner;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.Offer;
import io.vmmig.transport.Transport;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a migration does at its source before the guest is paused. The migration's scope closes what it opens. */
final class SourceSetup extends MigrationSetup<SendSettings> {
    private static final Logger LOG = LoggerFactory.getLogger(SourceSetup.class);

    private final SourceContext context;
    private final Transport transport;

    SourceSetup(SourceContext context, Transport transport, Scope scope) {
        super(
                scope,
                context.recorder(),
                context.cancellation(),
                context.settings(),
                context.state().images());
        this.context = context;
        this.transport = transport;
    }

    /** Locks the guest in this process, and waits for a permit. */
    void admit() throws VmmigException {
        scope.add(GuestLock.take(context.hypervisor(), context.guestName()), GuestLock::release);
        scope.add(Deadline.after(settings.migrationTimeout, "the migration took", cancellation), Deadline::close);
        admit(Phase.PREPARE, CodecWarmUp.WRITING);
    }

    /** Finds the guest, and excludes other migrations of it. */
    Guest claim() throws VmmigException {
        Guest guest = Abandonable.run(() -> context.hypervisor().guest(context.guestName()), cancellation);
        scope.add(
                Abandonable.run(
                        () -> DepartureClaim.take(guest, context.hypervisor(), context.state()),
                        DepartureClaim::close,
                        cancellation),
                DepartureClaim::close);
        return guest;
    }

    OtherTools watch(Guest guest) throws VmmigException {
        return scope.add(
                Abandonable.run(() -> OtherTools.watch(guest, recorder), OtherTools::close, cancellation),
                OtherTools::close);
    }

    /** Begins to search for free memory; null if free memory is sent as well. */
    @Nullable
    FreePagesTask search(Guest guest) {
        return settings.sendFreePages ? null : scope.add(new FreePagesTask(guest, cancellation), FreePagesTask::close);
    }

    /**
     * Inspects everything of the guest that moves, after checking that the destination can be reached.
     *
     * @param copy whether the guest stays here
     */
    Departure prepare(Guest guest, boolean copy) throws VmmigException {
        recorder.doing("trying the connection to " + transport.description());
        Abandonable.check(transport::requireReachable, cancellation);
        recorder.doing("reading the guest's disk images, kernel and ramdisk, unless their digests are known");
        Abandonable.check(() -> Overlays.mergeLeft(guest, context), cancellation);
        Departure departure = Abandonable.run(
                () -> {
                    Departure all = Departure.of(guest, context.hypervisor(), settings, images, copy);
                    remember(all);
                    return all;
                },
                cancellation);
        departure.belongings().notices().forEach(recorder::notice);
        departure.shared().notices().forEach(recorder::notice);
        recorder.expect(Phase.BOOT_FILES, departure.includedBytes());
        recorder.expect(Phase.DISKS, departure.diskBytes());
        recorder.expect(Phase.SNAPSHOT, departure.manifest().memoryBytes());
        return departure;
    }

    /**
     * Has the guest write to overlays, so that its disk layers can be sent while it runs. At the end they are merged, unless the guest has left
     * or a recovery has to see to it.
     *
     * @param places the overlays to be made, by target
     */
    FrozenDisks freeze(Guest guest, Departure departure, Map<String, Path> places) throws VmmigException {
        if (places.isEmpty()) {
            return FrozenDisks.none();
        }
        recorder.doing("putting overlays on the guest's disks");
        return scope.add(
                Abandonable.run(
                        () -> FrozenDisks.freeze(context, guest, departure, places), FrozenDisks::close, cancellation),
                FrozenDisks::close);
    }

    /** The guest after {@link #freeze}. */
    Departure overlaid(Guest guest, Departure before, FrozenDisks frozen) throws VmmigException {
        return frozen.overlays().isEmpty()
                ? before
                : Abandonable.run(
                        () -> Departure.of(guest, context.hypervisor(), settings, images, false, frozen.overlays()),
                        cancellation);
    }

    private void remember(Departure departure) {
        try {
            departure.remember(images);
        } catch (VmmigException e) {
            LOG.warn(
                    "guest {}: should it come back, its base images, kernel and ramdisk may have to travel",
                    context.guestName(),
                    e);
        }
    }

    Destination connect() throws VmmigException {
        recorder.enter(Phase.CONNECT);
        Destination destination = scope.add(
                Abandonable.run(() -> Destination.open(transport), this::giveUp, cancellation),
                opened -> opened.outgoing.close());
        cancellation.onRequest(() -> destination.outgoing.abort(cancellation.reason()));
        destination.onReconnected(recorder::reconnected);
        return destination;
    }

    private void giveUp(Destination late) {
        late.outgoing.abort(cancellation.reason());
        late.outgoing.close();
    }

    /**
     * Offers the guest, and determines what both ends already hold.
     *
     * @param copy whether the guest stays here
     * @throws VmmigException the destination's reason to refuse
     */
    Agreement agree(Guest guest, Departure departure, Destination destination, boolean copy) throws VmmigException {
        recorder.enter(Phase.OFFER);
        return agreement(guest, departure, destination, copy);
    }

    /** As {@link #agree}, in the current phase. */
    Agreement agreement(Guest guest, Departure departure, Destination destination, boolean copy) throws VmmigException {
        SharedPages shared = scope.add(departure.sharedPages(images, cancellation), SharedPages::close);
        Acceptance acceptance = offer(
                destination,
                departure,
                new Offer(
                        departure.manifest().withReferences(shared.all()),
                        departure.domain().text(),
                        destination.cookie(guest).orElse(null),
                        departure.shared().without(departure.belongings().definition()),
                        departure.belongings().record(departure.manifest().running(), copy, false)));
        cancellation.check();
        recorder.doing("opening what both hosts have already, and building its indexes where they are missing");
        Manifest manifest = departure.manifest().withReferences(shared.openAmong(acceptance.references()));
        List<PageSource> pages = shared.of(manifest.references());
        cancellation.check();
        return new Agreement(departure, manifest, pages, destination.leftOut(manifest, acceptance.held()));
    }

    private static Acceptance offer(Destination destination, Departure departure, Offer offer) throws VmmigException {
        try {
            return destination.offer(offer);
        } catch (VmmigException e) {
            throw e.problem() == Problem.BASE_IMAGE_MISSING ? departure.located(e) : e;
        }
    }

    /** Begins the journal, with what a recovery needs to know. */
    DepartureJournal journal(Agreement agreement, LeavingGuest leaving, boolean copy) throws VmmigException {
        Departure departure = agreement.departure();
        DepartureJournal.Facts facts = new DepartureJournal.Facts(
                agreement.manifest().packageId(),
                context.guestName(),
                agreement.manifest().guestUuid(),
                leaving.ran(),
                copy,
                transport.address().orElse(null),
                List.copyOf(departure.ownFiles()),
                settings.balloonTimeout == null ? null : leaving.memoryBytes());
        return scope.add(DepartureJournal.begin(context.state(), facts), DepartureJournal::close);
    }

    SourceTransfer transfer(Agreement agreement, OutputStream to) throws VmmigException {
        SourceTransfer transfer = scope.add(
                new SourceTransfer(PackageWriter.to(to, agreement.manifest(), agreement.pages(), settings.level)),
                SourceTransfer::close);
        cancellation.onRequest(transfer::close);
        return transfer;
    }

    /** Reads the guest's history while it still runs, if the package is signed. */
    PackageWriter.Signer signer(Agreement agreement, Destination destination) throws VmmigException {
        PackageSigner signer = settings.signer;
        if (signer == null) {
            return contents -> List.of();
        }
        Manifest manifest = agreement.manifest();
        GuestHistories.History history = GuestHistories.of(context.state()).find(manifest.guestUuid());
        return contents -> signer.sign(new PackageClaim(
                manifest.packageId(),
                contents,
                destination.outgoing.recipients(),
                history.from(),
                history.signatures(),
                history.changes()));
    }

    /** Waits for all background work, so that none of it adds to the downtime. */
    void awaitQuiet(@Nullable FreePagesTask search) throws VmmigException {
        if (search != null) {
            search.awaitBegun();
        }
        CodecWarmUp.WRITING.await(cancellation);
        cancellation.check();
    }
}
