// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.PackageSummary;
import io.vmmig.error.EndState;
import io.vmmig.error.Failure;
import io.vmmig.error.Phase;
import io.vmmig.error.VmmigException;
import io.vmmig.handover.ArrivalJournal;
import io.vmmig.handover.DestinationHandOver;
import io.vmmig.handover.DestinationState;
import io.vmmig.handover.Interferences;
import io.vmmig.hypervisor.RestoringGuest;
import io.vmmig.protection.Handling;
import io.vmmig.reference.PackageCaching;
import io.vmmig.report.DestinationReport;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.Offer;
import io.vmmig.transport.StoredPackage;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The destination's script of a migration. {@link DestinationHandOver} decides whether the guest is resumed or removed; {@link
 * DestinationTransfer} unpacks the package; this class puts their steps in order, and cleans up after every failure.
 */
public final class DestinationMigration extends MigrationScript<DestinationReport> {
    private final DestinationContext context;
    private final Origin origin;
    private final DestinationSetup setup;
    private @Nullable DestinationHandOver handOver;

    private DestinationMigration(DestinationContext context, Origin origin) {
        super(context.recorder(), context.cancellation());
        this.context = context;
        this.origin = origin;
        this.setup = new DestinationSetup(context, origin, scope);
    }

    /** A guest arrives from a peer. Closes the session at the end. */
    public static DestinationMigration of(DestinationContext context, IncomingSession session) {
        return new DestinationMigration(context, new Origin.FromPeer(session, context.settings()));
    }

    /** A guest is restored from a store, from a package that may be based on earlier ones. Closes the packages at the end. */
    public static DestinationMigration of(
            DestinationContext context, StoredPackage stored, List<StoredPackage> earlier) {
        return new DestinationMigration(context, new Origin.FromStore(stored, earlier, context.settings()));
    }

    @Override
    DestinationReport steps() throws VmmigException {
        // The guest runs at its source.
        setup.admit();
        Offer offer = setup.offer();
        Arrival arrival = setup.arrival(offer);
        ArrivalJournal journal = setup.claim(arrival);
        ArrivalFiles files = new ArrivalFiles(journal);
        ArrivingGuest guest = new ArrivingGuest(context, arrival, files, setup.claims());
        DestinationHandOver hand = handOver = DestinationHandOver.begin(journal, guest);
        files.makeDirectory();
        SharedPages shared = setup.sharedPages(arrival);
        guest.beginEarly(offer.cookie());
        CodecWarmUp.READING.await(cancellation);
        origin.accept(new Acceptance(arrival.held(), Set.copyOf(shared.all())), guest::consume);
        PackageCaching keeping = setup.keep();
        DestinationTransfer transfer = setup.transfer(arrival, shared, keeping, files);
        recorder.enter(Phase.BOOT_FILES);
        transfer.receiveBootFiles();
        guest.beginEarly(offer.cookie());
        origin.ready(guest::requireRestorable);

        // It is paused there, or about to be.
        DestinationTransfer.Domain domain = transfer.receiveDomain();
        if (arrival.manifest().live()) {
            transfer.receiveFrozen();
            transfer.feedPrecopy(guest.restoreEarly(domain.request()).memory());
        }
        transfer.receiveDisks();
        RestoringGuest restoring = guest.restore(domain.request());
        transfer.feed(restoring.memory());
        hand.received();
        recorder.enter(Phase.RESTORE);
        PackageSummary summary = transfer.verify();
        List<Handling> provenance = origin.verify(arrival.manifest(), summary);
        hand.verified();
        transfer.feedEnd(restoring.memory());
        guest.restored(restoring.finish());

        // The guest is here, paused.
        Landing landing = Landing.of(arrival, domain, guest.restored(), recorder);
        files.list();
        hand.restored(landing.running(), landing.autostart());
        origin.restored();
        recorder.enter(Phase.COMMIT);
        origin.awaitCommit();
        cancellation.pointOfNoReturn();
        hand.committed()
                .map(ran -> Interferences.ranEarly(recorder.guest(), ran))
                .ifPresent(recorder::notice);
        recorder.enter(Phase.RESUME);
        origin.committed(guest::consume);
        hand.resume();

        // The guest runs here.
        origin.resumed(!guest.consumed(), recorder);
        setup.remember(landing, domain, summary, provenance);
        guest.catchUp(domain, origin);
        guest.mergeOverlays();
        recorder.end();
        DestinationReport report = new DestinationReport(
                Reports.summary(
                        arrival.manifest(),
                        summary,
                        arrival.guestName(),
                        arrival.guestName(),
                        recorder,
                        arrival.references()),
                guest.resumedAt(),
                landing.changes(),
                provenance);
        setup.keep(keeping, summary.seal(), store -> store::find);
        return report;
    }

    @Override
    VmmigException undone(Throwable why) {
        if (handOver != null) {
            handOver.failed(why);
        }
        return checked(why, false);
    }

    /** Refuses the guest to the source, once it certainly does not run here. If that is not certain, the source is told nothing. */
    @Override
    void resolved(VmmigException explained) {
        if (handOver == null || !handOver.mayRunHere()) {
            origin.refuse(explained.failure());
        }
        setup.removeDamaged(explained);
    }

    @Override
    void end() {
        origin.close();
    }

    @Override
    Failure leaving(Failure failure) {
        return failure.leaving(origin.sourceHas(failure), here());
    }

    @Override
    boolean leftToRecovery() {
        return handOver != null && handOver.leftToRecovery();
    }

    private EndState here() {
        if (handOver == null) {
            return EndState.UNTOUCHED;
        }
        return leftToRecovery() || handOver.state() == DestinationState.RESUMED
                ? setup.observed()
                : EndState.HOLDS_NOTHING;
    }
}
