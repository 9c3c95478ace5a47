// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.handover.DestinationHandOver;
import io.vmmig.handover.HandOverRules.Found;
import io.vmmig.hypervisor.Interference;
import io.vmmig.hypervisor.RestoreRequest;
import io.vmmig.hypervisor.RestoredGuest;
import io.vmmig.hypervisor.RestoringGuest;
import io.vmmig.report.Notice;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The guest of a migration on its hypervisor at the destination. Carries out what {@link DestinationHandOver} decides. For one thread. */
final class ArrivingGuest implements DestinationHandOver.DestinationGuest {
    private static final Logger LOG = LoggerFactory.getLogger(ArrivingGuest.class);

    private final DestinationContext context;
    private final Arrival arrival;
    private final ArrivalFiles files;
    private final ArrivalClaims claims;
    private final List<RestoringGuest> begun = new ArrayList<>();
    private @Nullable EarlyRestore early;
    private @Nullable RestoringGuest restoring;
    private @Nullable RestoredGuest restored;
    /** Why a failed restore may have begun nevertheless; null if it certainly has not. */
    private @Nullable VmmigException uncertain;

    private boolean consumed;
    private @Nullable Instant resumedAt;

    ArrivingGuest(DestinationContext context, Arrival arrival, ArrivalFiles files, ArrivalClaims claims) {
        this.context = context;
        this.arrival = arrival;
        this.files = files;
        this.claims = claims;
    }

    @Override
    public String name() {
        return arrival.guestName();
    }

    private UUID uuid() throws VmmigException {
        return arrival.offered().running().domain().uuid();
    }

    /**
     * Starts the hypervisor before the guest is paused at its source, once everything that this requires has arrived.
     *
     * @param cookie libvirt's cookie, or null if it is not known yet
     */
    void beginEarly(@Nullable String cookie) throws VmmigException {
        if (early == null && cookie != null && arrival.bootFilesHere() && arrival.canReserve()) {
            context.cancellation().check();
            arrival.reserveLayers(files);
            RestoreRequest request = arrival.offered().request(arrival.adaptCookie(cookie));
            early = new EarlyRestore(request, begin(request), context.hypervisor()::restoresAlike);
        }
    }

    /** Throws if the hypervisor would refuse the guest as offered. */
    void requireRestorable() throws VmmigException {
        if (early != null) {
            early.awaitReady();
        } else {
            context.hypervisor().requireRestorable(arrival.offered().request(null));
        }
    }

    /** As {@link #restore}, before the disks are there. */
    RestoringGuest restoreEarly(RestoreRequest request) throws VmmigException {
        RestoringGuest begunEarly = takeEarly(request);
        if (begunEarly == null) {
            arrival.reserveLayers(files);
            early = new EarlyRestore(request, begin(request), context.hypervisor()::restoresAlike);
            early.awaitReady();
            begunEarly = Objects.requireNonNull(early.take(request));
        }
        restoring = begunEarly;
        return restoring;
    }

    /** The restore that was begun early if it suits the request, otherwise a new one. */
    RestoringGuest restore(RestoreRequest request) throws VmmigException {
        if (restoring == null) {
            restoring = takeEarly(request);
        }
        if (restoring == null) {
            restoring = begin(request);
        }
        return restoring;
    }

    private @Nullable RestoringGuest takeEarly(RestoreRequest request) throws VmmigException {
        if (early == null) {
            return null;
        }
        RestoringGuest taken = early.take(request);
        if (taken == null) {
            LOG.info("guest {}: it differs from what was offered, so its hypervisor is started again", name());
            early.close();
        }
        return taken;
    }

    /** Begins a restore, which is aborted at the end of the migration if it is not finished. */
    private RestoringGuest begin(RestoreRequest request) throws VmmigException {
        RestoringGuest restoring;
        try {
            restoring = context.hypervisor().restore(request);
        } catch (VmmigException e) {
            if (HypervisorRetry.mayHelp(e) && e.problem() != Problem.GUEST_BUSY) {
                uncertain = e;
            }
            throw e;
        }
        begun.add(restoring);
        context.cancellation().onRequest(() -> {
            try {
                restoring.close();
            } catch (VmmigException e) {
                LOG.debug("guest {}: its restore could not be ended yet", name(), e);
            }
        });
        return restoring;
    }

    /** Takes the restored, paused guest. */
    void restored(RestoredGuest guest) {
        restored = guest;
    }

    RestoredGuest restored() {
        return Objects.requireNonNull(restored);
    }

    @Override
    public Optional<Interference> interference() throws VmmigException {
        return restored().interference();
    }

    @Override
    public void resume() throws VmmigException {
        retry(restored()::resume);
        resumedAt = Instant.now();
    }

    /** When the guest was resumed here; null if it was not. */
    @Nullable
    Instant resumedAt() {
        return resumedAt;
    }

    /** Returns the guest's lent memory, and sets its clock. */
    void catchUp(DestinationTransfer.Domain domain, Origin origin) {
        if (domain.record().lent()) {
            Ballooning.restoreBalloon(
                    context.hypervisor(), name(), domain.guest().running().domain());
        }
        if (resumedAt != null && !context.settings().leaveClock) {
            Instant paused = origin.pausedSince(arrival.manifest(), domain.at());
            GuestClock.catchUp(
                    context.hypervisor(), restored().name(), Duration.between(paused, resumedAt), context.recorder());
        }
    }

    /** Merges the overlays that the guest had during a live migration. If that fails, it keeps them until a recovery merges them. */
    void mergeOverlays() {
        try {
            Map<String, Path> overlays = arrival.overlays();
            if (overlays.isEmpty()) {
                return;
            }
            Overlays.begin(context.state(), uuid(), overlays)
                    .merge(context.hypervisor().guest(restored().name()));
        } catch (VmmigException e) {
            Overlays.keep(e, name(), context.recorder());
        }
    }

    @Override
    public void leavePaused() {
        if (restored != null) {
            restored.leavePaused();
        }
    }

    /** Called only after the hand-over: otherwise a reboot of this host could start the guest too early. */
    @Override
    public void setAutostart() {
        try {
            context.hypervisor().guest(restored().name()).setAutostart(true);
        } catch (VmmigException e) {
            LOG.warn("guest {}: is not started when this host boots", name(), e);
            context.recorder()
                    .notice(new Notice(
                            Notice.Kind.NOT_CARRIED,
                            "autostart",
                            "this host could not be set to start the guest at boot: "
                                    + e.failure().what(),
                            "Say virsh autostart " + restored().name() + '.'));
        }
    }

    @Override
    public void remove() throws VmmigException {
        try (Scope all = new Scope()) {
            if (uncertain != null) {
                all.onClose(() -> retry(this::removeIfThere));
            }
            begun.forEach(restoring -> all.onClose(() -> retry(restoring::close)));
            RestoredGuest there = restored;
            if (there != null) {
                all.onClose(() -> retry(there::close));
            }
        }
        if (uncertain != null && uncertain.problem() == Problem.HYPERVISOR_TIMEOUT) {
            // The guest may still appear.
            throw uncertain;
        }
    }

    private void removeIfThere() throws VmmigException {
        Sight sight = Sight.of(context.hypervisor(), uuid());
        if (sight.guest() != null && sight.found() != Found.RUNNING) {
            sight.guest().remove();
        }
    }

    @Override
    public void removeFiles() throws VmmigException {
        files.discard(context.hypervisor());
    }

    /** Adds the package to the consumed ones, unless the guest becomes a copy with its own identity. */
    void consume() throws VmmigException {
        if (!arrival.hasOwnIdentity()) {
            consumedPackages().add(arrival.manifest().packageId());
            consumed = true;
        }
    }

    /** Whether this is the guest itself, rather than a copy with its own identity. */
    boolean consumed() {
        return consumed;
    }

    @Override
    public void remember(boolean taken) {
        if (consumed && taken && !arrival.sourceMayAsk()) {
            consumedPackages().confirm(arrival.manifest().packageId());
        } else if (consumed && !taken) {
            consumedPackages().remove(arrival.manifest().packageId());
        }
    }

    private ConsumedPackages consumedPackages() {
        return ConsumedPackages.of(context.state());
    }

    /** From now on the guest itself keeps its name and files in use. */
    @Override
    public void release() {
        claims.release();
    }

    private void retry(Work.Step step) throws VmmigException {
        HypervisorRetry.run(name(), context.settings().hypervisorTimeout, step);
    }
}
