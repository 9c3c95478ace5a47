// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.domain.DomainXml;
import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Balloon;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.GuestInventory;
import io.vmmig.hypervisor.GuestMemory;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.hypervisor.GuestWatch;
import io.vmmig.hypervisor.LocalState;
import io.vmmig.hypervisor.RamRegion;
import io.vmmig.hypervisor.SavedGuest;
import io.vmmig.libvirt.binding.DomainEvent;
import io.vmmig.libvirt.binding.DomainState;
import io.vmmig.libvirt.binding.DomainView;
import io.vmmig.libvirt.binding.LibvirtError;
import io.vmmig.libvirt.saveimage.SaveImagePreamble;
import io.vmmig.xml.BoundedXml;
import io.vmmig.xml.Xml;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.w3c.dom.Element;

/** A libvirt guest. */
record LibvirtGuest(
        GuestCalls calls,
        GuestCalls quickCalls,
        GuestCalls looks,
        LibvirtOptions options,
        Claims claims,
        List<DomainEvent.Kind> ownActs)
        implements Guest {
    private static final Logger LOG = LoggerFactory.getLogger(LibvirtGuest.class);

    @Override
    public String name() {
        return calls.name();
    }

    @Override
    public UUID uuid() {
        return calls.uuid();
    }

    @Override
    public GuestState state() throws VmmigException {
        return PauseWatch.stateOf(looks.state());
    }

    @Override
    public boolean persistent() throws VmmigException {
        return looks.call("look at", DomainView::persistent);
    }

    @Override
    public GuestInventory inventory() throws VmmigException {
        return looks.call("list the snapshots and checkpoints of", domain -> {
            List<LocalState> states = new ArrayList<>();
            domain.snapshots().forEach(name -> states.add(new LocalState(LocalState.Kind.SNAPSHOT, name)));
            domain.checkpoints().forEach(name -> states.add(new LocalState(LocalState.Kind.CHECKPOINT, name)));
            boolean persistent = domain.persistent();
            if (persistent && domain.hasManagedSave()) {
                states.add(new LocalState(LocalState.Kind.MANAGED_SAVE, name()));
            }
            return new GuestInventory(
                    persistent ? domain.definition() : null, persistent && domain.autostart(), states);
        });
    }

    @Override
    public void setAutostart(boolean on) throws VmmigException {
        calls.change(
                on ? "set to start at boot" : "set not to start at boot",
                on
                        ? new Late.Stays("it should start at boot")
                        // The caller that abandoned this rolls back, perhaps before it succeeded.
                        : calls.then("set to start at boot " + name(), domain -> domain.setAutostart(true)),
                domain -> domain.setAutostart(on));
    }

    @Override
    public boolean catchUpClock() throws VmmigException {
        // A guest whose agent hangs can still be moved.
        return AgentClock.catchUp(quickCalls.aside());
    }

    @Override
    public String domainXml() throws VmmigException {
        return looks.call("read the XML of", DomainView::xml);
    }

    @Override
    public Optional<String> liveXml() throws VmmigException {
        return Optional.of(looks.call("read the live XML of", DomainView::liveXml));
    }

    /**
     * libvirt saves the actual CPU if it differs from the requested one ({@code qemuDomainSaveCookieNew} in its {@code
     * qemu_domain.c}).
     */
    @Override
    public Optional<String> cookie() throws VmmigException {
        String asked = cpu(domainXml());
        String live = cpu(liveXml().orElseThrow());
        return Optional.of("<cookie>" + (live.equals(asked) ? "" : live) + "</cookie>");
    }

    private static String cpu(String domainXml) throws HypervisorException {
        return Xml.child(LibvirtXml.parse(domainXml), "cpu")
                .map(BoundedXml::text)
                .orElse("");
    }

    @Override
    public Optional<GuestMemory> memory(List<RamRegion> ram) {
        GuestMemory shown = shownMemory();
        return Optional.of(QemuProcessMemory.find(uuid(), ram, shown).orElse(shown));
    }

    /** The memory through libvirt, which always works, but is slow. */
    GuestMemory shownMemory() {
        return new LibvirtGuestMemory(quickCalls);
    }

    @Override
    public Optional<Balloon> balloon() {
        return Optional.of(new LibvirtBalloon(calls));
    }

    @Override
    public GuestWatch watch() throws VmmigException {
        return new LibvirtGuestWatch(GuestEvents.begin(quickCalls, true), ownActs);
    }

    /** QEMU released the image locks after the save, and has taken them again if the guest was resumed. */
    @Override
    public boolean ranSinceSaved() throws VmmigException {
        return Disks.in(domainXml()).images().stream().anyMatch(PauseWatch::isInUse);
    }

    @Override
    public void resume() throws VmmigException {
        calls.continueRunning();
    }

    @Override
    public void remove() throws VmmigException {
        calls.remove();
    }

    /** QEMU before version 9 misses what an emulated guest writes while it is saved, so that its copy is damaged. */
    @Override
    public Optional<String> obstacleToLiveSave() throws VmmigException {
        String domainXml = domainXml();
        if (Disks.in(domainXml).targets().isEmpty()) {
            return Optional.of(
                    "it has no drive, and libvirt keeps a guest paused after a live save only if it has one");
        }
        Optional<String> tooOld = libvirtTooOld();
        if (tooOld.isPresent()) {
            return tooOld;
        }
        boolean emulated = DomainXml.parse(domainXml).domainType().equals("qemu");
        if (emulated
                && !looks.callHost("ask for QEMU's version for", host -> isAtLeast(9, 0, host.hypervisorVersion()))) {
            return Optional.of(
                    "QEMU before version 9 damages the memory of an emulated guest that is saved while it runs");
        }
        return Optional.empty();
    }

    private Optional<String> libvirtTooOld() throws VmmigException {
        return looks.callHost("ask for libvirt's version for", host -> isAtLeast(8, 2, host.libvirtVersion()))
                ? Optional.empty()
                : Optional.of("libvirt is older than 8.2");
    }

    private static boolean isAtLeast(int major, int minor, String version) {
        String[] parts = version.split("[^0-9]+");
        int first = Integer.parseInt(parts[0]);
        return first > major || first == major && Integer.parseInt(parts[1]) >= minor;
    }

    /** Snapshots name images of the chain, and checkpoints have bitmaps in the active one. */
    @Override
    public Optional<String> obstacleToOverlays() throws VmmigException {
        Optional<String> obstacle = libvirtTooOld();
        if (obstacle.isEmpty()) {
            obstacle = inventory().localStates().stream().findFirst().map(state -> "libvirt has its " + state);
        }
        return obstacle.isPresent() ? obstacle : overlays().obstacle();
    }

    @Override
    public void addOverlays(Map<String, Path> overlays) throws VmmigException {
        calls.call("look at", this::stateIfFree);
        overlays().add(overlays);
    }

    @Override
    public void mergeOverlays(Map<String, Path> overlays, Duration atMost) throws VmmigException {
        overlays().merge(overlays, atMost);
    }

    private DiskOverlays overlays() {
        return new DiskOverlays(calls, looks, ownActs);
    }

    @Override
    public SavedGuest saveLive(Duration downtime) throws VmmigException {
        return claimAndSave(downtime);
    }

    @Override
    public SavedGuest save() throws VmmigException {
        return claimAndSave(null);
    }

    /** @param downtime how long the guest may be paused at the end; null if it is paused at once */
    private SavedGuest claimAndSave(@Nullable Duration downtime) throws VmmigException {
        claims.claim(uuid(), name());
        try {
            return beginSave(downtime);
        } catch (Throwable e) {
            claims.release(uuid());
            throw e;
        }
    }

    private SavedGuest beginSave(@Nullable Duration downtime) throws VmmigException {
        DomainState state = calls.call("look at", this::stateIfFree);
        boolean running = state != DomainState.PAUSED;
        PauseWatch watch = new PauseWatch(quickCalls);
        try {
            return beginSave(running, running ? downtime : null, watch);
        } catch (Throwable e) {
            watch.close();
            throw e;
        }
    }

    private SavedGuest beginSave(boolean running, @Nullable Duration downtime, PauseWatch watch) throws VmmigException {
        Disks disks = Disks.in(domainXml());
        calls.call("look at the disks of", domain -> requireNoBlockJob(domain, disks.targets()));
        if (running) {
            ownActs.add(DomainEvent.Kind.SUSPENDED);
        }
        Instant suspendedAt = null;
        if (downtime != null) {
            calls.change(
                    "limit the downtime of",
                    new Late.Stays("it is set anew for each save"),
                    domain -> domain.limitDowntime(downtime.toMillis()));
        } else {
            // The time before the call, so that the reported downtime is never too short.
            suspendedAt = Instant.now();
            if (running) {
                calls.suspend();
            }
        }
        MemorySnapshot snapshot = null;
        try {
            if (suspendedAt != null) {
                watch.paused();
            }
            OptionalLong size = size();
            snapshot = MemorySnapshot.open(calls, options, disks.targets(), downtime != null);
            return new LibvirtSavedGuest(
                    calls,
                    snapshot,
                    withSize(snapshot.preamble(), size),
                    running,
                    suspendedAt,
                    watch,
                    disks.images(),
                    () -> claims.release(uuid()));
        } catch (VmmigException | RuntimeException | Error e) {
            undo(snapshot, running, e);
            throw e;
        }
    }

    /** The guest's memory size according to QEMU. Not called during a save: QEMU may then wait for the reader and not answer. */
    private OptionalLong size() {
        try {
            return calls.call("read the memory statistics of", DomainView::memoryStatistics)
                    .sizeBytes();
        } catch (VmmigException e) {
            LOG.debug("{}: QEMU does not report how much memory it has", name(), e);
            return OptionalLong.empty();
        }
    }

    /**
     * QEMU reports the balloon's size to libvirt at most once a second, so the saved value may be a second old, and the restoring
     * libvirt would not get an update.
     */
    static SaveImagePreamble withSize(SaveImagePreamble preamble, OptionalLong size) throws VmmigException {
        if (size.isEmpty()) {
            return preamble;
        }
        DomainXml domain = DomainXml.parse(preamble.domainXml());
        long bytes = size.getAsLong();
        return bytes <= 0 || bytes > domain.memoryBytes() || bytes == domain.currentMemoryBytes()
                ? preamble
                : new SaveImagePreamble(
                        preamble.header(), domain.withCurrentMemory(bytes).text(), preamble.cookie());
    }

    private void undo(@Nullable MemorySnapshot snapshot, boolean running, Throwable why) {
        try {
            if (snapshot != null) {
                snapshot.abort();
            }
            if (running) {
                calls.continueRunning();
            }
        } catch (VmmigException e) {
            why.addSuppressed(e);
        }
    }

    private DomainState stateIfFree(DomainView domain) throws LibvirtError, VmmigException {
        DomainState state = domain.state();
        switch (state) {
            case SHUTTING_DOWN, SHUT_OFF, CRASHED ->
                throw new HypervisorException(
                        Problem.GUEST_NOT_RUNNING, name() + " does not run", "Start the guest first.");
            case SLEEPING ->
                throw new HypervisorException(
                        Problem.GUEST_NOT_RUNNING, name() + " has put itself to sleep", "Wake the guest first.");
            default -> {
                if (domain.busy()) {
                    throw new HypervisorException(
                            Problem.GUEST_BUSY,
                            "another job of libvirt holds " + name(),
                            "Wait for it to end, or abort it with virsh domjobabort.");
                }
            }
        }
        return state;
    }

    private boolean requireNoBlockJob(DomainView domain, List<String> disks) throws LibvirtError, VmmigException {
        for (String disk : disks) {
            if (domain.hasBlockJob(disk)) {
                throw new HypervisorException(
                        Problem.GUEST_BUSY,
                        "a block job works on disk " + disk + " of " + name(),
                        "Wait until it is done, or end it with virsh blockjob " + name() + " " + disk + " --abort.");
            }
        }
        return true;
    }

    /**
     * The disks of a guest.
     *
     * @param targets libvirt's names of all disks
     * @param images the files of the writable disks
     */
    private record Disks(List<String> targets, List<Path> images) {
        static Disks in(String domainXml) throws VmmigException {
            List<String> targets = new ArrayList<>();
            List<Path> images = new ArrayList<>();
            for (Element disk : LibvirtXml.devices(LibvirtXml.parse(domainXml), "disk")) {
                Xml.child(disk, "target").ifPresent(target -> targets.add(target.getAttribute("dev")));
                String source = Xml.attribute(disk, "source", "file");
                boolean writable = Xml.child(disk, "readonly").isEmpty()
                        && Xml.child(disk, "shareable").isEmpty();
                if (writable && !source.isEmpty()) {
                    images.add(Path.of(source));
                }
            }
            return new Disks(targets, images);
        }
    }
}
