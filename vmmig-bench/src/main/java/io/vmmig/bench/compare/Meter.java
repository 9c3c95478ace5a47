// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import io.vmmig.bench.Stopwatch;
import io.vmmig.lab.host.HostAgent;
import io.vmmig.lab.host.LabHost;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;

/** Measures, from its creation, the cost of a move at both hosts. */
final class Meter {
    private static final long GLANCE_MILLIS = 50;

    private final List<LabHost> hosts;
    private final List<Long> roots;
    private final Predicate<Long> without;
    private final Usage before;
    private final long sentBefore;
    private final AtomicLong peak = new AtomicLong();
    private final Thread watching = new Thread(this::watch, "peak-memory");
    private final Stopwatch watch = new Stopwatch();
    private volatile boolean over;

    /** @param withAgents whether the programs that run vmmig count */
    Meter(List<LabHost> hosts, boolean withAgents) {
        this.hosts = hosts;
        this.roots = List.of(
                hosts.get(0).initPid(),
                hosts.get(1).initPid(),
                ProcessHandle.current().pid());
        Map<Long, Boolean> known = new HashMap<>();
        this.without = withAgents ? pid -> false : pid -> known.computeIfAbsent(pid, Meter::isAgent);
        this.before = Usage.of(roots, without);
        this.sentBefore = sent();
        watching.setDaemon(true);
        watching.start();
    }

    /**
     * The cost so far.
     *
     * @param millis how long it took
     * @param wireBytes all bytes that either host has sent
     * @param usage the resources used, with the peak of memory
     */
    record Reading(long millis, long wireBytes, Usage usage) {}

    Reading stop() {
        long millis = watch.millis();
        long wireBytes = sent() - sentBefore;
        over = true;
        try {
            watching.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Usage now = Usage.of(roots, without);
        return new Reading(
                millis,
                wireBytes,
                new Usage(
                        now.cpuMillis() - before.cpuMillis(), now.bytesWritten() - before.bytesWritten(), peak.get()));
    }

    private long sent() {
        return hosts.stream().mapToLong(LabHost::bytesSent).sum();
    }

    private void watch() {
        while (!over) {
            peak.accumulateAndGet(Usage.of(roots, without).memoryBytes(), Math::max);
            try {
                Thread.sleep(GLANCE_MILLIS);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private static boolean isAgent(long pid) {
        try {
            return Files.readString(Path.of("/proc/" + pid + "/cmdline"), StandardCharsets.ISO_8859_1)
                    .contains(HostAgent.class.getName());
        } catch (IOException e) {
            return false;
        }
    }
}
