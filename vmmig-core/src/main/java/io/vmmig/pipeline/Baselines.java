// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageSummary;
import io.vmmig.content.Digest;
import io.vmmig.error.IncompatibleException;
import io.vmmig.error.Phase;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.freepages.RunningMemory;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.reference.PackageCaching;
import io.vmmig.report.SourceReport;
import io.vmmig.report.Strategy;
import io.vmmig.transport.Peer;
import io.vmmig.transport.Transport;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The strategy of one migration, and its baselines: packages that are sent while the guest runs, and that both ends cache, so that the
 * package of the paused guest only holds what has changed since. Nothing of the guest changes by that. For one thread.
 */
final class Baselines {
    private static final int MOST = 4;
    /** A baseline that took no longer is as recent as it can be. */
    private static final long SHORT_MILLIS = 1000;

    /** A smaller guest is not paused for long on most links, and costs less when it is only sent once. */
    private static final long WORTHWHILE_BYTES = 2L << 30;

    private final SourceContext context;
    private final Transport transport;
    private final Guest guest;
    private final Departure departure;
    private final List<SourceReport.Baseline> sent = new ArrayList<>();
    private @Nullable Digest latest;
    private Strategy strategy = Strategy.STOP_AND_COPY;
    private String because = "";

    private Baselines(SourceContext context, Transport transport, Guest guest, Departure departure) {
        this.context = context;
        this.transport = transport;
        this.guest = guest;
        this.departure = departure;
    }

    /**
     * Chooses the strategy.
     *
     * @throws IncompatibleException if the strategy that was asked for cannot work
     */
    static Baselines plan(SourceContext context, Transport transport, Guest guest, Departure departure)
            throws VmmigException {
        Baselines baselines = new Baselines(context, transport, guest, departure);
        baselines.choose();
        return baselines;
    }

    private void choose() throws VmmigException {
        Strategy asked = context.settings().strategy;
        if (asked == Strategy.STOP_AND_COPY) {
            because = "it was asked for";
        } else if (asked == Strategy.AUTO && bytes() < WORTHWHILE_BYTES) {
            because = "its memory and disks have only " + bytes() + " bytes";
        } else if (!(transport instanceof Peer)) {
            stopAndCopy(new IncompatibleException(
                    Problem.REQUEST_INVALID,
                    "nobody receives baselines at " + transport.description(),
                    "Put a baseline there with Migrator.baseline first, and base the package on it with upon(…)."));
        } else if (guest.state() != GuestState.RUNNING) {
            stopAndCopy(notWarm("the guest is paused already"));
        } else {
            chooseWarm(asked);
        }
    }

    private void chooseWarm(Strategy asked) throws VmmigException {
        try {
            RunningMemory.requireReadable(guest, departure.domain());
        } catch (IncompatibleException e) {
            stopAndCopy(e);
            return;
        }
        strategy = Strategy.WARM;
        because = asked == Strategy.WARM ? "it was asked for" : "its memory and disks have " + bytes() + " bytes";
    }

    private long bytes() {
        return departure.diskBytes() + departure.manifest().memoryBytes();
    }

    private static IncompatibleException notWarm(String why) {
        return new IncompatibleException(Problem.REQUEST_INVALID, why, "Move it with Strategy.STOP_AND_COPY.");
    }

    /** Falls back, unless the caller wants no other strategy. */
    private void stopAndCopy(VmmigException why) throws VmmigException {
        if (context.settings().strategy != Strategy.AUTO) {
            throw why;
        }
        strategy = Strategy.STOP_AND_COPY;
        because = why.failure().what();
    }

    /**
     * Sends the baselines, if there are to be any.
     *
     * @return whether the destination may still be used; if not, the guest moves without them, over another connection
     */
    boolean sendTo(Destination to) throws VmmigException {
        if (strategy != Strategy.WARM) {
            return true;
        }
        try {
            do {
                context.recorder().enter(Phase.BASELINE, bytes());
                send(to);
            } while (isAnotherWorthwhile());
            return true;
        } catch (VmmigException e) {
            if (e.problem().family() == Problem.Family.CANCELLED) {
                throw e;
            }
            stopAndCopy(e);
            to.outgoing.abort(e.failure());
            return false;
        }
    }

    /** What changes during a baseline is in the next one, which therefore takes less time, until nothing is gained. */
    private boolean isAnotherWorthwhile() {
        int last = sent.size() - 1;
        return sent.size() < MOST
                && sent.get(last).millis() > SHORT_MILLIS
                && (last == 0 || sent.get(last).bytes() < sent.get(last - 1).bytes() / 2);
    }

    private void send(Destination to) throws VmmigException {
        Recorder recorder = context.recorder();
        long begun = System.nanoTime();
        try (Scope scope = new Scope()) {
            SourceSetup setup = new SourceSetup(context, transport, scope);
            Agreement agreement = setup.agreement(guest, departure.asBaseline(latest, MOST - sent.size()), to, false);
            PackageCaching keeping = setup.keep().required();
            SourceTransfer transfer = setup.transfer(agreement, keeping.passingTo(to.outgoing.packageStream()));
            transfer.send(
                    new SourceTransfer.Disks(agreement, context.hypervisor().fileHoles(), recorder));
            transfer.send(new SourceTransfer.Memory(new MemoryProgress(memory(), recorder::moved)));
            PackageSummary summary = transfer.complete(contents -> List.of());
            to.awaitReady();
            keeping.finishOrFail(summary.seal());
            recorder.doing("indexing the baseline");
            departure.indexBaseline(context.state().images(), summary.seal(), context.cancellation());
            latest = summary.seal();
            sent.add(new SourceReport.Baseline(
                    summary.bytes(), TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun)));
        }
    }

    private InputStream memory() throws VmmigException {
        return RunningMemory.open(guest, departure.domain(), context.settings().sendFreePages);
    }

    /** Checks that the package of the paused guest is based on the latest baseline. */
    void requireUsed(Agreement agreement) throws VmmigException {
        if (latest != null
                && !agreement
                        .manifest()
                        .references()
                        .contains(new Manifest.Reference(Manifest.Reference.Kind.PACKAGE, latest))) {
            stopAndCopy(new IncompatibleException(
                    Problem.REFERENCE_MISSING,
                    "one of the hosts does not hold the baseline any more that was just sent",
                    "Raise the quota with PackageCache.quota, and try again."));
        }
    }

    /** The guest as it is to be offered after the baselines. */
    Departure departure() {
        return latest == null ? departure : departure.begunNow(latest);
    }

    SourceReport.Plan report() {
        return new SourceReport.Plan(strategy, because, sent);
    }
}
