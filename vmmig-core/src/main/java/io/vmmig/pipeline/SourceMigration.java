// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.PackageSummary;
import io.vmmig.bundle.PackageWriter;
import io.vmmig.error.EndState;
import io.vmmig.error.Failure;
import io.vmmig.error.Phase;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.freepages.FreePages;
import io.vmmig.handover.DepartureJournal;
import io.vmmig.handover.SourceHandOver;
import io.vmmig.handover.SourceState;
import io.vmmig.hypervisor.Guest;
import io.vmmig.reference.PackageCaching;
import io.vmmig.report.SourceReport;
import io.vmmig.transport.PackageStore;
import io.vmmig.transport.Transport;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The source's script of a migration. {@link SourceHandOver} decides whether the guest is paused, resumed or removed; {@link
 * SourceTransfer} sends the contents; this class puts their steps in order, and rolls back after every failure.
 */
public final class SourceMigration extends MigrationScript<SourceReport> {
    private final SourceContext context;
    private final Transport transport;
    /** Whether the guest stays here and is only packed. */
    private final boolean copy;

    private final SourceSetup setup;
    private @Nullable UUID guestUuid;
    private FrozenDisks frozen = FrozenDisks.none();
    private @Nullable Destination destination;
    private @Nullable SourceTransfer transfer;
    private @Nullable LeavingGuest leaving;
    private @Nullable SourceHandOver handOver;
    private @Nullable Delivery delivery;

    public SourceMigration(SourceContext context, Transport transport) {
        super(context.recorder(), context.cancellation());
        this.context = context;
        this.transport = transport;
        this.copy = transport instanceof PackageStore && !context.settings().removeGuest;
        this.setup = new SourceSetup(context, transport, scope);
    }

    @Override
    SourceReport steps() throws VmmigException {
        // The guest runs.
        setup.admit();
        Guest guest = setup.claim();
        guestUuid = guest.uuid();
        OtherTools others = setup.watch(guest);
        FreePagesTask search = setup.search(guest);
        Departure found = setup.prepare(guest, copy);
        Baselines baselines = Baselines.plan(context, transport, guest, found);
        Destination to = destination = setup.connect();
        frozen = setup.freeze(guest, found, baselines.overlays());
        Departure departure = baselines.of(setup.overlaid(guest, found, frozen));
        if (!baselines.sendTo(to)) {
            to = destination = setup.connect();
        }
        PackageCaching keeping = setup.keep();
        Agreement agreement = setup.agree(guest, baselines.departure(), to, copy);
        baselines.requireUsed(agreement);
        PackageWriter.Signer signer = setup.signer(agreement, to);
        to.contentNeeded(agreement).forEach(recorder::notice);
        recorder.enter(Phase.BOOT_FILES);
        SourceTransfer carried = transfer = setup.transfer(agreement, keeping.passingTo(to.outgoing.packageStream()));
        carried.send(
                new SourceTransfer.BootFiles(agreement, context.hypervisor().fileHoles(), recorder));
        to.awaitReady();
        LeavingGuest leaves = leaving = new LeavingGuest(context, guest, departure, others);
        // Journaled first, so that the fsync overlaps the search.
        DepartureJournal journal = setup.journal(agreement, leaves, copy);
        scope.onClose(leaves::close);
        SourceHandOver hand = handOver = SourceHandOver.begin(journal, leaves);
        leaves.lend(search);
        setup.awaitQuiet(search);
        if (baselines.live()) {
            recorder.enter(Phase.PRECOPY, agreement.manifest().memoryBytes());
            hand.beginLive();
            carried.send(leaves.asSaved(copy));
            carried.send(
                    new SourceTransfer.Disks(agreement, context.hypervisor().fileHoles(), recorder, true));
            carried.send(leaves.precopy());
        }

        // The guest is paused.
        recorder.enter(Phase.SUSPEND);
        Deadline suspension = scope.add(
                Deadline.after(context.settings().maxDowntime, "the guest was paused for", cancellation),
                Deadline::close);
        hand.save();
        CompletableFuture<FreePages> searched = baselines.finish(search);
        SourceTransfer.Domain domain = leaves.asSaved(copy);
        recorder.enter(Phase.DISKS, departure.diskBytes());
        if (!baselines.live()) {
            carried.send(domain);
        }
        carried.send(new SourceTransfer.Disks(agreement, context.hypervisor().fileHoles(), recorder));
        FreePages free = cancellation.await(searched);
        recorder.enter(Phase.SNAPSHOT, agreement.manifest().memoryBytes());
        carried.send(new SourceTransfer.Memory(
                free.strip(new MemoryProgress(leaves.saved().memory(), recorder::moved))));
        hand.requireUndisturbed();
        PackageSummary summary = carried.complete(signer);
        Delivery delivers = delivery = new Delivery(context, transport, to, journal);
        Instant resumedAt = copy ? leaves.continueHere(hand) : delivers.handOver(hand, domain.record());
        suspension.close();

        // The guest runs, here or there.
        frozen.leave();
        if (copy) {
            leaves.returnMemory();
            leaves.catchUpClock(resumedAt);
            delivers.publish(hand);
        }
        others.report();
        recorder.end();
        SourceReport report = new SourceReport(
                Reports.summary(
                        agreement.manifest(),
                        summary,
                        context.guestName(),
                        transport.description(),
                        recorder,
                        departure.references()),
                baselines.report(),
                leaves.saved().suspendedAt(),
                resumedAt,
                new SourceReport.FreePages(free.leftOut(), free.reason().orElse(null)),
                leaves.balloon().report(),
                leaves.leftHere());
        setup.keep(keeping, summary.seal(), departure::others);
        return report;
    }

    @Override
    VmmigException undone(Throwable thrown) {
        boolean exhausted = thrown instanceof VmmigException e && e.problem() == Problem.HEAP_TOO_SMALL;
        if (exhausted && transfer != null) {
            // Frees the segments, most of the heap in use, since resuming the guest needs some heap too.
            transfer.close();
        }
        Throwable why = leaving != null && thrown instanceof VmmigException e ? leaving.explained(e) : thrown;
        if (handOver != null) {
            handOver.failed(why);
            if (handOver.leftToRecovery() || handOver.state() == SourceState.UNKNOWN) {
                frozen.leave();
            }
        }
        if (destination != null && (delivery == null || !delivery.begun())) {
            destination.outgoing.abort(
                    why instanceof VmmigException e
                            ? cancellation.explained(e).failure().during(context.guestName(), recorder.phase())
                            : null);
        }
        return checked(why, handOver != null && handOver.state() == SourceState.UNKNOWN);
    }

    @Override
    Failure leaving(Failure failure) {
        return failure.leaving(here(), destinationHas(failure));
    }

    @Override
    boolean leftToRecovery() {
        return handOver != null && handOver.leftToRecovery();
    }

    private EndState destinationHas(Failure failure) {
        if (failure.problem() == Problem.OUTCOME_UNKNOWN) {
            return EndState.UNKNOWN;
        }
        if (delivery != null && delivery.delivered() != null) {
            return delivery.delivered();
        }
        // A destination that refuses reports its own state.
        EndState told = failure.destination();
        return destination == null ? EndState.UNTOUCHED : told == EndState.UNKNOWN ? EndState.NOT_HANDED_OVER : told;
    }

    /** The guest's current state at this host; somebody else may have ended or resumed it. */
    private EndState here() {
        if (guestUuid == null) {
            return EndState.UNTOUCHED;
        }
        EndState observed = Sight.stateOf(context.hypervisor(), guestUuid);
        boolean unsaved = handOver == null || (handOver.state() == SourceState.PREPARED && !handOver.leftToRecovery());
        boolean ranBefore = leaving == null || leaving.ran();
        boolean asBefore = observed == EndState.RUNS || observed == EndState.PAUSED && !ranBefore;
        return unsaved && asBefore ? EndState.UNTOUCHED : observed;
    }
}
