// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import io.vmmig.domain.DomainXml;
import io.vmmig.domain.NamedPaths;
import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.FileHoles;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.GuestMemory;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.hypervisor.HostCapabilities;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.hypervisor.LocalState;
import io.vmmig.hypervisor.RestoreRequest;
import io.vmmig.hypervisor.RestoringGuest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A hypervisor whose guests are byte arrays. It keeps the rules of {@link Hypervisor}, can be told to fail at any step, and
 * shows its guests' memory, so that tests can see that a guest arrived whole. Thread-safe.
 */
public final class InMemoryHypervisor implements Hypervisor {
    /** Where it can be told to fail. */
    public enum Step {
        /** When it is asked for a guest. */
        LOOK_UP,
        /** When it is asked which guests it has. */
        LIST,
        /** When a guest is asked to save, before it is suspended. */
        SAVE,
        /** In the middle of the memory stream of a save. */
        STREAM,
        /** When a saved guest is to go on. */
        RESUME_SAVED,
        /** When a restore begins. */
        RESTORE,
        /** When a restore that has begun is to be ready for the guest, which waits for nothing yet. */
        START,
        /** When the memory stream of a restore has been written. */
        FINISH,
        /** When a restored guest is to run. */
        RESUME_RESTORED,
        /** When a restored guest has just been resumed. */
        RESUMED_RESTORED,
        /** When a restored guest that was not resumed is to be removed. */
        REMOVE_RESTORED,
        /** When the guest is to be removed from the source. */
        RETIRE,
        /** When a guest's balloon is to have another size. */
        RESIZE,
        /** When it is said whether the host starts a guest by itself. */
        AUTOSTART,
        /** When a guest's disks are to have overlays. */
        ADD_OVERLAYS,
        /** When the overlays of a guest's disks are to be merged. */
        MERGE_OVERLAYS,
        /** When it is asked which files its guests use. */
        LOOK_AROUND
    }

    private final String hostName;
    private volatile FileHoles holes = FileHoles.NONE;
    private volatile boolean agents = true;
    private volatile long freeMemoryBytes = 1L << 40;
    private final Map<String, InMemoryGuest> guests = new LinkedHashMap<>();
    private Consumer<String> whenRestored = name -> {};
    private @Nullable Step cutOffAt;
    private int cutOffFor;
    private boolean cutOff;
    private final Set<Step> failing = java.util.EnumSet.noneOf(Step.class);
    private final Map<Step, Runnable> actions = new ConcurrentHashMap<>();

    /** An empty host of that name. */
    public InMemoryHypervisor(String hostName) {
        this.hostName = hostName;
    }

    /** Whether its guests have an agent that sets their clocks; they do unless this is said. */
    public void agents(boolean there) {
        agents = there;
    }

    boolean agents() {
        return agents;
    }

    /** How often an agent has set that guest's clock. */
    public synchronized int clockSet(String name) {
        InMemoryGuest guest = guests.get(name);
        return guest == null ? 0 : guest.clockSet();
    }

    /** Starts a guest with this domain XML and memory. */
    public synchronized void start(String domainXml, byte[] memory, boolean persistent) throws VmmigException {
        DomainXml domain = DomainXml.parse(domainXml);
        put(new InMemoryGuest(
                this,
                domain.name(),
                domain.uuid(),
                domainXml,
                memory.clone(),
                persistent ? domainXml : null,
                GuestState.RUNNING));
    }

    /** Changes what the next start of a guest would use; it goes on as it runs. */
    public synchronized void define(String domainXml) throws VmmigException {
        known(DomainXml.parse(domainXml).name()).define(domainXml);
    }

    /** Lets this host alone have something of a guest. */
    public synchronized void add(String name, LocalState state) throws VmmigException {
        known(name).add(state);
    }

    /** From now on the host has so much memory that nobody uses, in bytes; a TiB at first. */
    public void freeMemory(long bytes) {
        freeMemoryBytes = bytes;
    }

    /** What the user of a guest does: it stands still from now on. */
    public synchronized void pause(String name) throws VmmigException {
        known(name).become(GuestState.PAUSED);
    }

    /** Has a guest show that as its {@link Guest#liveXml()}; none does without. */
    public synchronized void showLive(String name, String liveXml) {
        InMemoryGuest guest = guests.get(name);
        if (guest == null) {
            throw new IllegalArgumentException("there is no guest " + name);
        }
        guest.show(liveXml);
    }

    /** Has a guest show that as its {@link Guest#memory}; none shows any without. */
    public synchronized void showMemory(String name, @Nullable GuestMemory memory) throws VmmigException {
        known(name).show(memory);
    }

    /**
     * Allows live saves of a guest; none is possible without.
     *
     * @param pausedAfter after how many bytes of its memory it is paused; those beyond its end for one that is never paused by itself
     */
    public synchronized void allowLiveSave(String name, long pausedAfter) throws VmmigException {
        known(name).allowLiveSave(pausedAfter);
    }

    /** Writes to a disk of a guest, as the guest does: to its active image, raw or an overlay of {@link Guest#addOverlays}. */
    public void write(String name, String target, long at, byte[] bytes) throws VmmigException, IOException {
        known(name).write(target, at, bytes);
    }

    /** Shuts a guest off; its memory is gone. */
    public synchronized void stop(String name) {
        InMemoryGuest guest = guests.get(name);
        if (guest != null) {
            guest.become(GuestState.STOPPED);
        }
    }

    /** Lets a guest run, or suspends it, as another tool of its host would; nothing happens if there is none. */
    public synchronized void interfere(String name, GuestState state) {
        InMemoryGuest guest = guests.get(name);
        if (guest != null) {
            guest.become(state);
        }
    }

    /** Calls {@code action} with the name of each guest that is restored from now on, before anybody is told of it. */
    public synchronized void onRestored(Consumer<String> action) {
        whenRestored = action;
    }

    void restored(String name) {
        Consumer<String> action;
        synchronized (this) {
            action = whenRestored;
        }
        action.accept(name);
    }

    /** Has whoever watches a guest see that another tool did something to it; nothing happens if there is none. */
    public synchronized void observe(String name, String what) {
        InMemoryGuest guest = guests.get(name);
        if (guest != null) {
            guest.observed(what);
        }
    }

    /** Ends a guest with its definition, as another tool of its host would. */
    public synchronized void destroy(String name) {
        guests.remove(name);
    }

    synchronized boolean has(InMemoryGuest guest) {
        return guests.get(guest.name()) == guest;
    }

    /**
     * Gives a guest a balloon driver. What the guest lends reads as zeros: it is the end of its memory.
     *
     * @param freeBytes how much of its memory the driver says is free
     * @param lendableBytes how much of it the driver lends at most; with 0 it does not answer when it is asked for any
     */
    public synchronized void addBalloon(String name, long freeBytes, long lendableBytes) {
        InMemoryGuest guest = guests.get(name);
        if (guest == null) {
            throw new IllegalArgumentException("there is no guest " + name);
        }
        guest.inMemoryBalloon().addDriver(freeBytes, lendableBytes);
    }

    /** From now on a guest's XML says that it has as much memory as at this moment: libvirt may learn late what a balloon does. */
    synchronized void freezeSizeInXml(String name) throws VmmigException {
        known(name).freezeSizeInXml();
    }

    /** How much memory a guest has at this moment, in bytes, without what it lends; empty if there is none of that name. */
    public synchronized OptionalLong sizeOf(String name) {
        InMemoryGuest guest = guests.get(name);
        return guest == null
                ? OptionalLong.empty()
                : OptionalLong.of(guest.inMemoryBalloon().sizeBytes());
    }

    /** Calls {@code action} before a step is taken, the next time only, by the thread that takes it; it may block. */
    public void before(Step step, Runnable action) {
        actions.put(step, action);
    }

    /** Makes a step fail from now on. */
    public synchronized void fail(Step step) {
        failing.add(step);
    }

    /** Makes a step succeed again from now on. */
    public synchronized void mend(Step step) {
        failing.remove(step);
    }

    /**
     * Makes the hypervisor one that cannot be reached, as while libvirtd is started again.
     *
     * @param from the step at which it ceases to answer
     * @param calls how many of its calls fail, that one included, before it answers again
     */
    public synchronized void cutOff(Step from, int calls) {
        cutOffAt = from;
        cutOffFor = calls;
    }

    /** Makes it answer again. */
    public synchronized void reconnect() {
        cutOffAt = null;
        cutOff = false;
    }

    synchronized void failIfCutOff() throws VmmigException {
        if (cutOff && cutOffFor-- > 0) {
            throw new HypervisorException(
                    Problem.HYPERVISOR_UNREACHABLE, "the in-memory hypervisor cannot be reached", "");
        }
        cutOff = false;
    }

    void failIfTold(Step step) throws VmmigException {
        Runnable action = actions.remove(step);
        if (action != null) {
            action.run();
        }
        failNow(step);
    }

    private synchronized void failNow(Step step) throws VmmigException {
        if (step == cutOffAt) {
            cutOffAt = null;
            cutOff = true;
        }
        failIfCutOff();
        if (failing.contains(step)) {
            throw new HypervisorException(
                    Problem.HYPERVISOR_FAILED, "the in-memory hypervisor was told to fail at " + step, "");
        }
    }

    /** The state of a guest, or empty if there is none of that name. */
    public synchronized Optional<GuestState> stateOf(String name) {
        return Optional.ofNullable(guests.get(name)).map(InMemoryGuest::current);
    }

    /** A copy of a guest's memory, or empty if there is no guest of that name. */
    public synchronized Optional<byte[]> memoryOf(String name) {
        return Optional.ofNullable(guests.get(name))
                .map(guest -> guest.contents().clone());
    }

    synchronized void put(InMemoryGuest guest) throws VmmigException {
        if (guests.putIfAbsent(guest.name(), guest) != null) {
            throw new HypervisorException(
                    Problem.HYPERVISOR_FAILED, "a guest named " + guest.name() + " is there already", "");
        }
    }

    synchronized void remove(String name) {
        guests.remove(name);
    }

    @Override
    public HostCapabilities capabilities() {
        return new HostCapabilities(
                hostName,
                "7.2.0",
                "9.0.0",
                freeMemoryBytes,
                List.of(new HostCapabilities.Emulator(
                        "x86_64", "qemu", "/usr/bin/qemu-system-x86_64", Set.of("pc-q35-7.2", "q35"))));
    }

    @Override
    public Guest guest(String name) throws VmmigException {
        failIfTold(Step.LOOK_UP);
        return known(name);
    }

    private synchronized InMemoryGuest known(String name) throws VmmigException {
        @Nullable InMemoryGuest guest = guests.get(name);
        if (guest == null) {
            throw new HypervisorException(
                    Problem.GUEST_UNKNOWN, "host " + hostName + " has no guest named " + name, "Check the name.");
        }
        return guest;
    }

    @Override
    public List<GuestId> guests() throws VmmigException {
        failIfTold(Step.LIST);
        return ids();
    }

    private synchronized List<GuestId> ids() {
        return guests.values().stream()
                .map(g -> new GuestId(g.name(), g.uuid()))
                .toList();
    }

    /** Says of all files that they have a hole there. */
    public void holes(long from, long to) {
        holes = file -> new FileHoles.InFile() {
            @Override
            public long nextContent(long at) {
                return at >= from && at < to ? to : at;
            }

            @Override
            public long nextHole(long at) {
                return at >= to ? Long.MAX_VALUE : Math.max(from, at);
            }

            @Override
            public void close() {
                // Nothing was opened.
            }
        };
    }

    @Override
    public FileHoles fileHoles() {
        return holes;
    }

    @Override
    public List<FileInUse> filesInUse(UUID except) throws VmmigException {
        failIfTold(Step.LOOK_AROUND);
        return filesInUseNow(except);
    }

    private synchronized List<FileInUse> filesInUseNow(UUID except) throws VmmigException {
        List<FileInUse> files = new ArrayList<>();
        for (InMemoryGuest guest : guests.values()) {
            if (!guest.uuid().equals(except)) {
                NamedPaths.in(guest.domainXml()).forEach(path -> files.add(new FileInUse(guest.name(), path)));
            }
        }
        return files;
    }

    @Override
    public RestoringGuest restore(RestoreRequest request) throws VmmigException {
        failIfTold(Step.RESTORE);
        DomainXml domain = DomainXml.parse(request.domainXml());
        UUID uuid = domain.uuid();
        return new InMemoryRestore(this, domain.name(), uuid, request);
    }

    @Override
    public void close() {
        // Nothing to let go of: the guests are the object.
    }
}
