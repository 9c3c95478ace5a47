// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import io.vmmig.libvirt.binding.DomainControl;
import io.vmmig.libvirt.binding.DomainState;
import io.vmmig.libvirt.binding.HostControl;
import io.vmmig.libvirt.binding.LibvirtError;
import io.vmmig.libvirt.binding.MemoryStatistics;
import java.lang.reflect.Proxy;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/** A libvirt with one guest, whose calls take as long as a test wants. */
final class SlowLibvirt implements HostSource {
    enum Call {
        LOOK_UP,
        SUSPEND,
        RESUME,
        DEFINE,
        UNDEFINE,
        DESTROY,
        SET_MEMORY,
        UPDATE_DEVICE,
        SET_TIME,
        SNAPSHOT_DISKS,
        COMMIT,
        ABORT_BLOCK_JOB,
        RESTORE
    }

    private final UUID uuid;
    private final Map<Call, CountDownLatch> hanging = new EnumMap<>(Call.class);
    private final Set<Call> breaking = EnumSet.noneOf(Call.class);
    private final Set<Call> made = EnumSet.noneOf(Call.class);
    private @Nullable DomainState state;
    private boolean defined;
    private long memory;
    private final List<String> updates = new ArrayList<>();
    private final Queue<String> liveXmls = new ArrayDeque<>();
    private Instant time = Instant.EPOCH;
    private boolean blockJob;
    private boolean broken;
    private boolean closed;

    SlowLibvirt(UUID uuid) {
        this.uuid = uuid;
    }

    @Override
    public String remedyIfUnreachable() {
        return "Start it again.";
    }

    synchronized void runs() {
        state = DomainState.RUNNING;
    }

    synchronized void isPaused() {
        state = DomainState.PAUSED;
    }

    synchronized void isDefined() {
        defined = true;
    }

    /** What its XML is, each time that it is asked for; the last from then on. */
    synchronized void shows(String... xmls) {
        liveXmls.addAll(List.of(xmls));
    }

    synchronized List<String> updates() {
        return List.copyOf(updates);
    }

    synchronized void hasTime(Instant now) {
        time = now;
    }

    synchronized Instant time() {
        return time;
    }

    synchronized void hasMemory(long bytes) {
        memory = bytes;
    }

    synchronized long memory() {
        return memory;
    }

    synchronized boolean hasBlockJob() {
        return blockJob;
    }

    synchronized String state() {
        return state == null ? defined ? "defined" : "unknown" : state == DomainState.RUNNING ? "running" : "paused";
    }

    synchronized Set<Call> made() {
        return made.isEmpty() ? EnumSet.noneOf(Call.class) : EnumSet.copyOf(made);
    }

    /** The next call of that kind does not end until it is told to. */
    synchronized void hang(Call call) {
        hanging.put(call, new CountDownLatch(1));
    }

    /** It ends, and has done what it was to do. */
    synchronized void finish(Call call) {
        CountDownLatch latch = hanging.remove(call);
        if (latch != null) {
            latch.countDown();
        }
    }

    /** It ends, has done what it was to do, and cannot say so. */
    synchronized void breakOff(Call call) {
        breaking.add(call);
        finish(call);
    }

    private void make(Call call, Runnable effect) throws LibvirtError {
        CountDownLatch latch;
        synchronized (this) {
            latch = hanging.get(call);
        }
        if (latch != null) {
            try {
                latch.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
        synchronized (this) {
            made.add(call);
            effect.run();
            if (breaking.remove(call)) {
                broken = true;
                throw new LibvirtError(38, "the connection broke");
            }
        }
    }

    private synchronized void requireThere() throws LibvirtError {
        if (state == null && !defined) {
            throw new LibvirtError(LibvirtError.NO_DOMAIN, "no domain " + uuid);
        }
    }

    private DomainControl domain() throws LibvirtError {
        make(Call.LOOK_UP, () -> {});
        requireThere();
        return proxy(DomainControl.class, (name, arguments) -> {
            switch (name) {
                case "suspend" -> make(Call.SUSPEND, () -> state = DomainState.PAUSED);
                case "resume" -> make(Call.RESUME, () -> state = DomainState.RUNNING);
                case "undefine" -> make(Call.UNDEFINE, () -> defined = false);
                case "destroy" -> make(Call.DESTROY, () -> state = null);
                case "setMemory" -> make(Call.SET_MEMORY, () -> memory = (long) arguments[0]);
                case "updateDevice" -> make(Call.UPDATE_DEVICE, () -> updates.add((String) arguments[0]));
                case "setTime" -> make(Call.SET_TIME, () -> time = (Instant) arguments[0]);
                case "time" -> {
                    synchronized (this) {
                        return time;
                    }
                }
                case "liveXml" -> {
                    synchronized (this) {
                        return liveXmls.size() > 1 ? liveXmls.remove() : liveXmls.element();
                    }
                }
                case "state" -> {
                    synchronized (this) {
                        return state == null ? DomainState.SHUT_OFF : state;
                    }
                }
                case "persistent" -> {
                    synchronized (this) {
                        return defined;
                    }
                }
                case "memoryStatistics" -> {
                    return new MemoryStatistics(OptionalLong.of(memory()), OptionalLong.empty(), 0);
                }
                case "snapshotDisks" -> make(Call.SNAPSHOT_DISKS, () -> {});
                case "commitActive" -> make(Call.COMMIT, () -> blockJob = true);
                case "abortBlockJob" -> make(Call.ABORT_BLOCK_JOB, () -> blockJob = false);
                case "hasBlockJob" -> {
                    return hasBlockJob();
                }
                case "snapshot" ->
                    throw new LibvirtError(LibvirtError.OPERATION_UNSUPPORTED, "no external snapshots here");
                case "close" -> {}
                default -> throw new AssertionError(name);
            }
            return null;
        });
    }

    @Override
    public synchronized HostControl connection() throws HypervisorException {
        if (closed) {
            throw closed();
        }
        broken = false;
        return proxy(HostControl.class, (name, arguments) -> {
            switch (name) {
                case "domain" -> {
                    return domain();
                }
                case "define" -> {
                    make(Call.DEFINE, () -> defined = true);
                    return domain();
                }
                case "restore" -> make(Call.RESTORE, () -> state = DomainState.PAUSED);
                case "isAlive" -> {
                    synchronized (this) {
                        return !broken;
                    }
                }
                case "close" -> {}
                default -> throw new AssertionError(name);
            }
            return null;
        });
    }

    private interface Answer {
        @Nullable
        Object to(String call, Object[] arguments) throws LibvirtError;
    }

    private static <T> T proxy(Class<T> type, Answer answer) {
        return type.cast(Proxy.newProxyInstance(
                SlowLibvirt.class.getClassLoader(),
                new Class<?>[] {type},
                (self, method, arguments) -> answer.to(method.getName(), arguments)));
    }

    @Override
    public HypervisorException closed() {
        return new HypervisorException(Problem.HYPERVISOR_UNREACHABLE, "closed", "");
    }

    @Override
    public synchronized void close() {
        closed = true;
    }
}
