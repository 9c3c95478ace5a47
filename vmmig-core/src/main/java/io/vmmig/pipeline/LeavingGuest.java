// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.GuestRecord;
import io.vmmig.domain.DomainXml;
import io.vmmig.error.EndState;
import io.vmmig.error.Phase;
import io.vmmig.error.VmmigException;
import io.vmmig.handover.HandOverRules.Found;
import io.vmmig.handover.Interferences;
import io.vmmig.handover.SourceHandOver;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.GuestInventory;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.hypervisor.Interference;
import io.vmmig.hypervisor.SavedGuest;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The guest of a migration on its hypervisor at the source. Carries out what {@link SourceHandOver} decides. For one thread. */
final class LeavingGuest implements SourceHandOver.SourceGuest {
    private static final Logger LOG = LoggerFactory.getLogger(LeavingGuest.class);
    /** What QEMU may leave for the pause, as the time that this takes at the rate of the last round. */
    private static final Duration LIVE_DOWNTIME = Duration.ofMillis(150);

    private final SourceContext context;
    private final Guest guest;
    private final Departure departure;
    private final OtherTools others;
    /** Whether it ran before it was saved. */
    private final boolean ran;

    private Ballooning balloon = Ballooning.none();
    private @Nullable SavedGuest saved;
    /** What the hypervisor stored of the guest when it was saved. */
    private @Nullable GuestInventory atSave;

    private SourceTransfer.@Nullable Domain asSaved;
    /** Images that a departed guest has left. */
    private List<Path> leftHere = List.of();

    LeavingGuest(SourceContext context, Guest guest, Departure departure, OtherTools others) throws VmmigException {
        this.context = context;
        this.guest = guest;
        this.departure = departure;
        this.others = others;
        this.ran = guest.state() == GuestState.RUNNING;
    }

    /** Whether it ran before it was saved. */
    boolean ran() {
        return saved == null ? ran : saved.wasRunning();
    }

    @Override
    public String name() {
        return context.guestName();
    }

    @Override
    public Found found() throws VmmigException {
        return Sight.of(context.hypervisor(), guest.uuid()).found();
    }

    @Override
    public void beginLive() throws VmmigException {
        saved = guest.saveLive(LIVE_DOWNTIME);
    }

    @Override
    public boolean save() throws VmmigException {
        if (saved == null) {
            saved = guest.save();
        } else {
            saved.pause();
        }
        return saved.wasRunning();
    }

    /** The memory of a guest that is saved while it runs, up to the moment when it is or must be paused. */
    SourceTransfer.Precopy precopy() {
        return new SourceTransfer.Precopy(
                new PrecopyStream(saved(), departure.manifest().memoryBytes(), context));
    }

    /** Borrows memory through the balloon if the search cannot tell which memory is free. */
    void lend(@Nullable FreePagesTask search) throws VmmigException {
        Duration atMost = context.settings().balloonTimeout;
        if (atMost != null && (search == null || !search.awaitFound())) {
            balloon = Ballooning.take(guest, atMost, context.cancellation());
        }
    }

    /** The memory size to restore if the guest stays, in bytes. */
    long memoryBytes() throws VmmigException {
        return Ballooning.sizeOf(guest, departure.domain());
    }

    /** Returns the guest's lent memory, unless it has left. */
    void returnMemory() {
        balloon.close();
    }

    Ballooning balloon() {
        return balloon;
    }

    /** Sets the clock of a packed guest, which stopped during the pause. */
    void catchUpClock(@Nullable Instant resumedAt) {
        if (resumedAt != null && !context.settings().leaveClock) {
            GuestClock.catchUp(
                    context.hypervisor(),
                    name(),
                    Duration.between(saved().suspendedAt(), resumedAt),
                    context.recorder());
        }
    }

    SavedGuest saved() {
        return Objects.requireNonNull(saved);
    }

    @Override
    public Optional<Interference> interference() throws VmmigException {
        return saved().interference();
    }

    /**
     * The failure to report for one that occurred while the guest was paused: if somebody ended the guest, that is the cause of all others.
     */
    VmmigException explained(VmmigException failure) {
        return saved == null ? failure : Interferences.explained(failure, saved);
    }

    /**
     * Checks, once, that the saved guest is the one that was offered, except for what may change.
     *
     * @param copy whether the guest stays here
     */
    SourceTransfer.Domain asSaved(boolean copy) throws VmmigException {
        if (asSaved == null) {
            asSaved = compared(copy);
        }
        return asSaved;
    }

    private SourceTransfer.Domain compared(boolean copy) throws VmmigException {
        departure.requireUnchanged(guest, saved().domainXml());
        DomainXml domain = departure.travelling(saved().domainXml());
        Belongings belongings = belongings(domain, copy);
        balloon.changedByOthers(domain).ifPresent(context.recorder()::notice);
        GuestRecord record = belongings.record(saved().wasRunning(), copy, balloon.any());
        String definition = departure.shared().without(belongings.definition());
        return new SourceTransfer.Domain(balloon.withAllMemory(domain.text()), saved().cookie(), definition, record);
    }

    /** What the hypervisor stores of the guest now; somebody may have changed it since the offer. */
    private Belongings belongings(DomainXml domain, boolean copy) throws VmmigException {
        Belongings offered = departure.belongings();
        GuestInventory inventory = guest.inventory();
        atSave = inventory;
        Belongings now = Belongings.of(
                Belongings.withBitmaps(inventory, departure.chains().values()),
                domain,
                context.settings().policy,
                context.settings().losses,
                copy);
        now.requireLike(offered);
        now.notices().stream()
                .filter(notice -> !offered.notices().contains(notice))
                .forEach(context.recorder()::notice);
        return now;
    }

    /** Does not restart a guest that somebody has ended, or resume one that its user had suspended. */
    @Override
    public void resume() throws VmmigException {
        // What comes after this is done by us.
        others.close();
        retry(() -> {
            if (saved == null) {
                if (ran && guest.state() == GuestState.PAUSED) {
                    guest.resume();
                }
                return;
            }
            try {
                saved.resume();
            } catch (VmmigException e) {
                if (Interferences.observed(guest) != EndState.STOPPED) {
                    throw e;
                }
                LOG.debug("guest {}: it has been ended", name(), e);
            }
        });
    }

    /** Resumes a packed guest as soon as it has been read completely; returns when, or null if it was paused before. */
    @Nullable
    Instant continueHere(SourceHandOver hand) throws VmmigException {
        context.recorder().enter(Phase.RESUME);
        hand.continueAsBefore();
        return ran() ? Instant.now() : null;
    }

    @Override
    public void retire(Optional<Interference> ranHere) throws VmmigException {
        reportLateChanges();
        // What comes after this is done by us.
        others.close();
        retry(saved()::retire);
        balloon.gone();
        removeOverlays();
        keepBootFiles();
        if (ranHere.isPresent()) {
            context.recorder()
                    .notice(Interferences.ranTwice(name(), ranHere.get(), Instant.now(), departure.ownFiles()));
        } else {
            DepartedFiles.remove(
                            departure.ownFiles(),
                            guest.uuid(),
                            context.hypervisor(),
                            context.settings().hypervisorTimeout)
                    .forEach(context.recorder()::notice);
        }
        leftHere = departure.imagesStillHere();
        GuestHistories.of(context.state()).remove(guest.uuid());
    }

    private void reportLateChanges() {
        try {
            if (atSave != null) {
                LateChanges.between(atSave, guest.inventory()).forEach(context.recorder()::notice);
            }
        } catch (VmmigException e) {
            LOG.warn("guest {}: whether its definition was changed meanwhile is not known", name(), e);
        }
    }

    private void removeOverlays() {
        try {
            Overlays.removeLeft(context.state(), guest.uuid());
        } catch (VmmigException e) {
            LOG.warn("guest {}: the overlays of its disks stay here", name(), e);
        }
    }

    private void keepBootFiles() {
        try {
            departure.keepBootFiles(context.state().images());
        } catch (VmmigException e) {
            LOG.warn("guest {}: should it come back, its kernel and ramdisk have to travel", name(), e);
        }
    }

    /** Images that the departed guest has left here. */
    List<Path> leftHere() {
        return leftHere;
    }

    @Override
    public void setAutostart(boolean on) throws VmmigException {
        if (on) {
            retry(() -> context.hypervisor().guest(name()).setAutostart(true));
        } else {
            guest.setAutostart(false);
        }
    }

    @Override
    public void alarm(Interference ranHere) {
        context.recorder().notice(Interferences.runsThoughUnknown(name(), ranHere));
    }

    private void retry(Work.Step step) throws VmmigException {
        HypervisorRetry.run(name(), context.settings().hypervisorTimeout, step);
    }

    /** Leaves a guest that could be neither resumed nor removed paused, for a recovery. */
    void close() {
        if (saved != null) {
            saved.leavePaused();
        }
        returnMemory();
    }
}
