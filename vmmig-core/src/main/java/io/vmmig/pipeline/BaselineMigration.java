// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.PackageSummary;
import io.vmmig.bundle.PackageWriter;
import io.vmmig.error.EndState;
import io.vmmig.error.Failure;
import io.vmmig.error.IncompatibleException;
import io.vmmig.error.Phase;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.freepages.RunningMemory;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.reference.PackageCache;
import io.vmmig.reference.PackageCaching;
import io.vmmig.report.BaselineReport;
import io.vmmig.transport.HandOverJournal;
import io.vmmig.transport.PackageStore;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The source's script of a baseline in a package store. It changes nothing of the guest and hands nothing over, so it has no journal: after a
 * failure, neither the store nor the package cache holds anything of it.
 */
public final class BaselineMigration extends MigrationScript<BaselineReport> {
    private final SourceContext context;
    private final PackageStore store;
    private final SourceSetup setup;
    private @Nullable Destination destination;
    private Runnable uncache = () -> {};

    public BaselineMigration(SourceContext context, PackageStore store) {
        super(context.recorder(), context.cancellation());
        this.context = context;
        this.store = store;
        this.setup = new SourceSetup(context, store, scope);
    }

    @Override
    BaselineReport steps() throws VmmigException {
        setup.admit();
        Guest guest = setup.claim();
        Departure departure = setup.prepare(guest, true);
        requireRunning(guest);
        RunningMemory.requireReadable(guest, departure.domain());
        Destination to = destination = setup.connect();
        Stream.of(Phase.BOOT_FILES, Phase.DISKS, Phase.SNAPSHOT).forEach(later -> recorder.expect(later, 0));
        recorder.enter(
                Phase.BASELINE, departure.diskBytes() + departure.manifest().memoryBytes());
        Agreement agreement = setup.agreement(guest, departure.asBaseline(null, 1), to, true);
        PackageWriter.Signer signer = setup.signer(agreement, to);
        to.contentNeeded(agreement).forEach(recorder::notice);
        PackageCaching keeping = setup.keep().required();
        SourceTransfer transfer = setup.transfer(agreement, keeping.passingTo(to.outgoing.packageStream()));
        transfer.send(new SourceTransfer.Disks(agreement, context.hypervisor().fileHoles(), recorder));
        transfer.send(new SourceTransfer.Memory(new MemoryProgress(
                RunningMemory.open(guest, departure.domain(), context.settings().sendFreePages), recorder::moved)));
        PackageSummary summary = transfer.complete(signer);
        to.outgoing.finish();
        keeping.finishOrFail(summary.seal());
        PackageCache packages = context.state().images().references().packages();
        uncache = () -> packages.remove(summary.seal());
        recorder.doing("indexing the baseline");
        departure.indexBaseline(context.state().images(), summary.seal(), cancellation);
        recorder.enter(Phase.COMMIT);
        cancellation.pointOfNoReturn();
        to.deliver(HandOverJournal.inMemory(false));
        recorder.end();
        return new BaselineReport(
                Reports.summary(
                        agreement.manifest(),
                        summary,
                        context.guestName(),
                        store.description(),
                        recorder,
                        departure.references()),
                summary.seal());
    }

    private static void requireRunning(Guest guest) throws VmmigException {
        if (guest.state() != GuestState.RUNNING) {
            throw new IncompatibleException(
                    Problem.REQUEST_INVALID,
                    "the guest is paused, so nothing changes while it is read",
                    "Pack it with Migrator.start().");
        }
    }

    @Override
    VmmigException undone(Throwable why) {
        if (destination != null) {
            destination.outgoing.abort(
                    why instanceof VmmigException e ? cancellation.explained(e).failure() : null);
        }
        if (!(why instanceof VmmigException e && e.problem() == Problem.OUTCOME_UNKNOWN)) {
            uncache.run();
        }
        return checked(why, false);
    }

    @Override
    Failure leaving(Failure failure) {
        return failure.leaving(
                EndState.UNTOUCHED,
                failure.problem() == Problem.OUTCOME_UNKNOWN ? EndState.UNKNOWN : EndState.UNTOUCHED);
    }

    @Override
    boolean leftToRecovery() {
        return false;
    }
}
