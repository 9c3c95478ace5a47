// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import io.vmmig.bundle.ImageFormat;
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
import io.vmmig.hypervisor.Interference;
import io.vmmig.hypervisor.LocalState;
import io.vmmig.hypervisor.RamRegion;
import io.vmmig.hypervisor.SavedGuest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A guest of an {@link InMemoryHypervisor}. */
final class InMemoryGuest implements Guest {
    private static final Pattern DISK = Pattern.compile("<disk\\b.*?</disk>", Pattern.DOTALL);
    private static final Pattern DRIVER = Pattern.compile("(<driver\\b[^>]*\\btype=['\"])\\w+");

    private final InMemoryHypervisor host;
    private final String name;
    private final UUID uuid;
    private volatile String domainXml;
    private final byte[] memory;
    private @Nullable String definition;
    private final List<LocalState> localStates = new ArrayList<>();
    private boolean autostart;
    private final InMemoryBalloon balloon;
    private volatile OptionalLong frozenSize = OptionalLong.empty();
    private final List<GuestWatch.Observation> observations = new ArrayList<>();
    private GuestState state;
    private boolean saving;
    private @Nullable String liveXml;
    private @Nullable GuestMemory shownMemory;
    private OptionalLong livePause = OptionalLong.empty();
    private Instant lastStart = Instant.now();
    private int starts;
    private int startsAtSave;
    private boolean suspendedByUser;
    private int clockSet;

    InMemoryGuest(
            InMemoryHypervisor host,
            String name,
            UUID uuid,
            String domainXml,
            byte[] memory,
            @Nullable String definition,
            GuestState state)
            throws VmmigException {
        this.host = host;
        this.name = name;
        this.uuid = uuid;
        this.domainXml = domainXml;
        this.memory = memory;
        this.definition = definition;
        this.state = state;
        balloon = new InMemoryBalloon(host, memory, DomainXml.parse(domainXml).memoryBytes());
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public UUID uuid() {
        return uuid;
    }

    @Override
    public GuestState state() throws VmmigException {
        host.failIfCutOff();
        if (!host.has(this)) {
            throw new HypervisorException(Problem.GUEST_UNKNOWN, "there is no guest " + name + " any more", "");
        }
        return current();
    }

    synchronized GuestState current() {
        return state;
    }

    @Override
    public synchronized boolean persistent() {
        return definition != null;
    }

    @Override
    public synchronized GuestInventory inventory() {
        return new GuestInventory(definition, autostart, localStates);
    }

    @Override
    public synchronized void setAutostart(boolean on) throws VmmigException {
        host.failIfTold(InMemoryHypervisor.Step.AUTOSTART);
        autostart = on;
    }

    synchronized void define(String xml) {
        definition = xml;
    }

    synchronized void add(LocalState state) {
        localStates.add(state);
    }

    @Override
    public synchronized boolean catchUpClock() throws VmmigException {
        if (state != GuestState.RUNNING) {
            throw new HypervisorException(Problem.GUEST_NOT_RUNNING, "an agent answers only while its guest runs", "");
        }
        clockSet += host.agents() ? 1 : 0;
        return host.agents();
    }

    synchronized int clockSet() {
        return clockSet;
    }

    @Override
    public Optional<String> cookie() {
        return Optional.of(InMemorySave.COOKIE);
    }

    /** As of libvirt, it says how much memory the guest has at this moment. */
    @Override
    public String domainXml() throws VmmigException {
        OptionalLong frozen = frozenSize;
        if (frozen.isEmpty() && balloon.isEmpty()) {
            return domainXml;
        }
        return DomainXml.parse(domainXml)
                .withCurrentMemory(frozen.orElseGet(balloon::sizeBytes))
                .text();
    }

    void freezeSizeInXml() {
        frozenSize = OptionalLong.of(balloon.sizeBytes());
    }

    @Override
    public Optional<Balloon> balloon() {
        return Optional.of(balloon);
    }

    @Override
    public synchronized Optional<String> liveXml() {
        return Optional.ofNullable(liveXml);
    }

    synchronized void show(String xml) {
        liveXml = xml;
    }

    @Override
    public synchronized Optional<GuestMemory> memory(List<RamRegion> ram) {
        return Optional.ofNullable(shownMemory);
    }

    synchronized void show(@Nullable GuestMemory memory) {
        shownMemory = memory;
    }

    synchronized void allowLiveSave(long pausedAfter) {
        livePause = OptionalLong.of(pausedAfter);
    }

    @Override
    public synchronized Optional<String> obstacleToLiveSave() {
        return livePause.isPresent() ? Optional.empty() : Optional.of("this in-memory guest was not allowed to");
    }

    InMemoryBalloon inMemoryBalloon() {
        return balloon;
    }

    byte[] contents() {
        return memory;
    }

    synchronized void become(GuestState next) {
        if (next == GuestState.RUNNING && state != GuestState.RUNNING) {
            starts++;
            lastStart = Instant.now();
        }
        suspendedByUser = next == GuestState.PAUSED;
        state = next;
    }

    /** How often the guest has begun to run. The host is never asked with the guest's lock held, since it asks its guests with its own. */
    synchronized int starts() {
        return starts;
    }

    /** What happened to the guest since it had begun to run that often. */
    Optional<Interference> since(int startsBefore) {
        boolean there = host.has(this);
        synchronized (this) {
            if (!there || state == GuestState.STOPPED) {
                return Optional.of(new Interference(
                        Interference.Kind.ENDED, "the in-memory guest was ended", Instant.now(), GuestState.STOPPED));
            }
            return starts == startsBefore
                    ? Optional.empty()
                    : Optional.of(new Interference(
                            Interference.Kind.RAN, "the in-memory guest was resumed", lastStart, state));
        }
    }

    /** Lets the guest continue as it was before it was saved, unless somebody has suspended or ended it since. */
    void unpause(GuestState next) throws VmmigException {
        boolean there = host.has(this);
        synchronized (this) {
            saving = false;
            if (!there || state == GuestState.STOPPED) {
                throw new HypervisorException(Problem.GUEST_NOT_RUNNING, "the guest has been ended", "");
            }
            if (state == GuestState.PAUSED && !suspendedByUser) {
                state = next;
            }
        }
    }

    synchronized void leave() {
        saving = false;
    }

    @Override
    public synchronized boolean ranSinceSaved() {
        return starts > startsAtSave;
    }

    @Override
    public void resume() throws VmmigException {
        host.failIfCutOff();
        resumeNow();
    }

    private synchronized void resumeNow() throws VmmigException {
        if (state == GuestState.STOPPED) {
            throw new HypervisorException(Problem.GUEST_NOT_RUNNING, "the guest has stopped", "");
        }
        become(GuestState.RUNNING);
    }

    @Override
    public void remove() throws VmmigException {
        host.failIfTold(InMemoryHypervisor.Step.RETIRE);
        host.remove(name);
    }

    /** Has every watch of this guest see something that another tool did. */
    synchronized void observed(String what) {
        observations.add(new GuestWatch.Observation(Instant.now(), what));
    }

    @Override
    public synchronized GuestWatch watch() {
        int before = observations.size();
        return new GuestWatch() {
            @Override
            public List<Observation> observed() {
                synchronized (InMemoryGuest.this) {
                    return List.copyOf(observations.subList(before, observations.size()));
                }
            }

            @Override
            public void close() {
                // What is seen is kept by the guest.
            }
        };
    }

    @Override
    public synchronized SavedGuest saveLive(Duration downtime) throws VmmigException {
        GuestState before = state;
        InMemorySave save = beginSave(livePause.orElseThrow());
        state = before;
        return save;
    }

    @Override
    public Optional<String> obstacleToOverlays() throws VmmigException {
        return DomainXml.parse(domainXml).disks().stream()
                .filter(disk -> !disk.readOnly() && disk.format() != ImageFormat.RAW)
                .findFirst()
                .map(disk -> "disk " + disk.target() + " of this in-memory guest is not raw");
    }

    @Override
    public void addOverlays(Map<String, Path> overlays) throws VmmigException {
        host.failIfTold(InMemoryHypervisor.Step.ADD_OVERLAYS);
        addOverlaysNow(overlays);
    }

    private synchronized void addOverlaysNow(Map<String, Path> overlays) throws VmmigException {
        if (state == GuestState.STOPPED) {
            throw new HypervisorException(Problem.GUEST_NOT_RUNNING, "the guest has stopped", "");
        }
        for (DomainXml.Disk disk : DomainXml.parse(domainXml).disks()) {
            Path overlay = overlays.get(disk.target());
            if (overlay != null && !overlay.equals(disk.file())) {
                replaceImage(disk.file(), overlay, ImageFormat.QCOW2);
            }
        }
    }

    @Override
    public void mergeOverlays(Map<String, Path> overlays, Duration atMost) throws VmmigException {
        host.failIfTold(InMemoryHypervisor.Step.MERGE_OVERLAYS);
        boolean there = host.has(this);
        synchronized (this) {
            for (Path overlay : overlays.values()) {
                if (Files.exists(overlay)) {
                    if (!there || state == GuestState.STOPPED) {
                        throw new HypervisorException(Problem.GUEST_NOT_RUNNING, "the guest has been ended", "");
                    }
                    merge(overlay);
                }
            }
        }
    }

    private void merge(Path overlay) throws VmmigException {
        try {
            if (DomainXml.parse(domainXml).writableDiskFiles().contains(overlay)) {
                try (InMemoryOverlay image = InMemoryOverlay.open(overlay)) {
                    image.commit();
                    replaceImage(overlay, image.below(), ImageFormat.RAW);
                }
            }
            Files.delete(overlay);
        } catch (IOException e) {
            throw VmmigException.from(e, Problem.FILE_FAILED, "could not merge " + overlay, "");
        }
    }

    private void replaceImage(Path from, Path to, ImageFormat format) {
        domainXml = replaced(domainXml, from, to, format);
        definition = definition == null ? null : replaced(definition, from, to, format);
    }

    private static String replaced(String xml, Path from, Path to, ImageFormat format) {
        return DISK.matcher(xml).replaceAll(match -> {
            String disk = match.group();
            boolean uses = disk.contains("'" + from + "'") || disk.contains("\"" + from + "\"");
            String changed =
                    DRIVER.matcher(disk.replace(from.toString(), to.toString())).replaceFirst("$1" + format.word());
            return Matcher.quoteReplacement(uses ? changed : disk);
        });
    }

    /** Writes to a disk, as the guest does. */
    synchronized void write(String target, long at, byte[] bytes) throws VmmigException, IOException {
        for (DomainXml.Disk disk : DomainXml.parse(domainXml).disks()) {
            if (disk.target().equals(target) && disk.format() == ImageFormat.RAW) {
                InMemoryOverlay.writeRaw(disk.file(), at, bytes);
            } else if (disk.target().equals(target)) {
                try (InMemoryOverlay image = InMemoryOverlay.open(disk.file())) {
                    image.write(at, bytes);
                }
            }
        }
    }

    synchronized void pauseForSave() {
        if (state == GuestState.RUNNING) {
            state = GuestState.PAUSED;
        }
    }

    @Override
    public synchronized SavedGuest save() throws VmmigException {
        return beginSave(0);
    }

    private InMemorySave beginSave(long pausedAfter) throws VmmigException {
        host.failIfTold(InMemoryHypervisor.Step.SAVE);
        if (state == GuestState.STOPPED) {
            throw new HypervisorException(
                    Problem.GUEST_NOT_RUNNING,
                    "the guest is not running, so there is no memory to save",
                    "Start it first.");
        }
        if (saving) {
            throw new HypervisorException(Problem.GUEST_BUSY, "the guest is being saved already", "Wait for that.");
        }
        boolean wasRunning = state == GuestState.RUNNING;
        saving = true;
        state = GuestState.PAUSED;
        suspendedByUser = false;
        startsAtSave = starts;
        return new InMemorySave(host, this, domainXml(), wasRunning, pausedAfter);
    }
}
