// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageSummary;
import io.vmmig.content.Digest;
import io.vmmig.error.IncompatibleException;
import io.vmmig.error.Phase;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.freepages.FreePages;
import io.vmmig.freepages.RunningMemory;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.reference.PackageCaching;
import io.vmmig.report.SourceReport;
import io.vmmig.report.Strategy;
import io.vmmig.transport.Peer;
import io.vmmig.transport.Transport;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The strategy of one migration, and its baselines: packages that are sent while the guest runs, and that both ends cache, so that the
 * package of the paused guest only holds what has changed since. Nothing of the guest changes by that. For one thread.
 */
final class Baselines {
    private static final Logger LOG = LoggerFactory.getLogger(Baselines.class);
    private static final int MOST = 4;
    /** In a live migration QEMU itself sends what has changed since. */
    private static final int MOST_LIVE = 1;
    /** A baseline that took no longer is as recent as it can be. */
    private static final long SHORT_MILLIS = 1000;

    /** A smaller guest is not paused for long on most links, and costs less when it is only sent once. */
    private static final long WORTHWHILE_BYTES = 2L << 30;

    private final SourceContext context;
    private final Transport transport;
    private final Guest guest;
    private Departure departure;
    private final List<SourceReport.Baseline> sent = new ArrayList<>();
    private @Nullable Digest latest;
    private Strategy strategy = Strategy.STOP_AND_COPY;
    private String because = "";
    /** Whether this host can read the guest's memory while the guest runs. */
    private boolean readable = true;

    private boolean freezable = true;

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
        if (asked == Strategy.AUTO && bytes() < WORTHWHILE_BYTES) {
            because = "its memory and disks have only " + bytes() + " bytes";
        } else if (asked == Strategy.AUTO) {
            chooseBest();
        } else {
            requirePossible(asked);
            strategy = asked;
            because = "it was asked for";
        }
        if (live()) {
            obstacleToOverlays().ifPresent(obstacle -> {
                freezable = false;
                because += "; without overlays on its disks: " + obstacle;
            });
            try {
                RunningMemory.requireReadable(guest, departure.domain());
            } catch (IncompatibleException e) {
                readable = false;
                goWithout(e);
            }
        }
    }

    /** If a guest without a definition ended, nobody would know that its latest writes are in an overlay. */
    private Optional<String> obstacleToOverlays() throws VmmigException {
        return guest.persistent()
                ? guest.obstacleToOverlays()
                : Optional.of("it has no definition that would name them if it ended");
    }

    /** The one with the shortest pause. */
    private void chooseBest() throws VmmigException {
        for (Strategy candidate : List.of(Strategy.LIVE, Strategy.WARM)) {
            try {
                requirePossible(candidate);
                strategy = candidate;
                because += "its memory and disks have " + bytes() + " bytes";
                return;
            } catch (IncompatibleException e) {
                because += e.failure().what() + "; ";
            }
        }
        because = because.substring(0, because.length() - 2);
    }

    private void requirePossible(Strategy wanted) throws VmmigException {
        if (wanted == Strategy.STOP_AND_COPY) {
            return;
        }
        if (!(transport instanceof Peer)) {
            throw new IncompatibleException(
                    Problem.REQUEST_INVALID,
                    "nobody receives a guest that runs at " + transport.description(),
                    "Put a baseline there with Migrator.baseline first, and base the package on it with upon(…).");
        }
        if (guest.state() != GuestState.RUNNING) {
            throw impossible("the guest is paused already");
        }
        if (wanted == Strategy.WARM) {
            RunningMemory.requireReadable(guest, departure.domain());
            return;
        }
        Optional<String> obstacle = guest.obstacleToLiveSave();
        if (obstacle.isPresent()) {
            throw impossible("the guest cannot move live: " + obstacle.get());
        }
    }

    private long bytes() {
        return departure.diskBytes() + departure.manifest().memoryBytes();
    }

    private static IncompatibleException impossible(String why) {
        return new IncompatibleException(Problem.REQUEST_INVALID, why, "Move it with Strategy.STOP_AND_COPY.");
    }

    /** Goes on without a baseline, unless the caller wants no other strategy than the one that consists of them. */
    private void goWithout(VmmigException why) throws VmmigException {
        if (live()) {
            because += "; without a baseline: " + why.failure().what();
            return;
        }
        if (context.settings().strategy == Strategy.WARM) {
            throw why;
        }
        strategy = Strategy.STOP_AND_COPY;
        because = why.failure().what();
    }

    /** The overlays that are to freeze the guest's disk layers, which are then sent while it runs, by target. */
    Map<String, Path> overlays() {
        return live() && freezable ? departure.placesOfOverlays() : Map.of();
    }

    /** Sets and returns what is known of the guest from now on. */
    Departure of(Departure now) {
        departure = now;
        return now;
    }

    /** Whether the guest's memory is sent while QEMU tracks what changes. */
    boolean live() {
        return strategy == Strategy.LIVE;
    }

    /**
     * Sends the baselines, if there are to be any.
     *
     * @return whether the destination may still be used; if not, the guest moves without them, over another connection
     */
    boolean sendTo(Destination to) throws VmmigException {
        if (strategy == Strategy.STOP_AND_COPY || !readable) {
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
            LOG.info("guest {}: no baseline of it could be sent", context.guestName(), e);
            goWithout(e);
            to.outgoing.abort(e.failure());
            return false;
        }
    }

    /** What changes during a baseline is in the next one, which therefore takes less time, until nothing is gained. */
    private boolean isAnotherWorthwhile() {
        int last = sent.size() - 1;
        return sent.size() < most()
                && sent.get(last).millis() > SHORT_MILLIS
                && (last == 0 || sent.get(last).bytes() < sent.get(last - 1).bytes() / 2);
    }

    private int most() {
        return live() ? MOST_LIVE : MOST;
    }

    private void send(Destination to) throws VmmigException {
        Recorder recorder = context.recorder();
        long begun = System.nanoTime();
        try (Scope scope = new Scope()) {
            SourceSetup setup = new SourceSetup(context, transport, scope);
            Agreement agreement = setup.agreement(guest, departure.asBaseline(latest, most() - sent.size()), to, false);
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
        // A live migration cannot leave out free pages: they may be in use again before they are sent.
        return RunningMemory.open(guest, departure.domain(), live() || context.settings().sendFreePages);
    }

    /** Checks that the package of the paused guest is based on the latest baseline. */
    void requireUsed(Agreement agreement) throws VmmigException {
        if (latest != null
                && !agreement
                        .manifest()
                        .references()
                        .contains(new Manifest.Reference(Manifest.Reference.Kind.PACKAGE, latest))) {
            goWithout(new IncompatibleException(
                    Problem.REFERENCE_MISSING,
                    "one of the hosts does not hold the baseline any more that was just sent",
                    "Raise the quota with PackageCache.quota, and try again."));
        }
    }

    /** The guest as it is to be offered after the baselines. */
    Departure departure() {
        Departure begun = latest == null ? departure : departure.begunNow(latest);
        return live() ? begun.asLive() : begun;
    }

    /** Finds the free pages of the paused guest, if they can be left out. */
    CompletableFuture<FreePages> finish(@Nullable FreePagesTask search) {
        return live()
                ? CompletableFuture.completedFuture(FreePages.unknown("the guest ran while they were sent"))
                : FreePagesTask.finish(search);
    }

    SourceReport.Plan report() {
        return new SourceReport.Plan(strategy, because, sent);
    }
}
