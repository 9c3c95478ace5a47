// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The CPU time of the threads that run a guest's virtual processors, in nanoseconds, from Linux. The guest cannot run without
 * using it, whether by a QEMU monitor or by a debugger. While the guest is paused these threads sleep; QEMU wakes them only for
 * queries, which take a fraction of {@link #NOISE}. Only available if the guest's QEMU is a visible process.
 */
record VcpuTime(UUID guest, Path process, List<Path> threads) {
    private static final Logger LOG = LoggerFactory.getLogger(VcpuTime.class);

    /**
     * More than any thread of a paused guest uses during a save, when QEMU queries its dirty pages and registers: 50 to 220 µs on
     * an idle machine, and up to 61 ms on a busy one. Other signs reveal a guest that was resumed for a shorter time.
     */
    private static final Duration NOISE = Duration.ofMillis(100);

    /** For the guest's QEMU; empty if it is not visible. */
    static Optional<VcpuTime> of(UUID guest) {
        try {
            for (Path process : QemuProcess.of(guest)) {
                List<Path> threads = threadsOf(process);
                if (!threads.isEmpty()) {
                    return Optional.of(new VcpuTime(guest, process, threads));
                }
            }
        } catch (IOException e) {
            LOG.debug("the QEMU of {} was not found", guest, e);
        }
        return Optional.empty();
    }

    private static List<Path> threadsOf(Path process) throws IOException {
        List<Path> threads = new ArrayList<>();
        try (Stream<Path> tasks = Files.list(process.resolve("task"))) {
            for (Path task : tasks.toList()) {
                // libvirt makes QEMU name its threads: "CPU 0/KVM", "CPU 0/TCG", or "ALL CPUs/TCG" for a single thread.
                if (Files.readString(task.resolve("comm")).matches("(CPU \\d+|ALL CPUs)/.*\\n")) {
                    threads.add(task.resolve("schedstat"));
                }
            }
        }
        return threads;
    }

    /** What all threads together may use without running the guest. */
    Duration noise() {
        return NOISE.multipliedBy(threads.size());
    }

    /** How much they have used since they started; empty if they have ended. */
    Optional<Duration> used() {
        try {
            long nanos = 0;
            for (Path thread : threads) {
                String text = Files.readString(thread);
                nanos += Long.parseLong(text.substring(0, text.indexOf(' ')));
            }
            // The process id may have been reused.
            return QemuProcess.isOf(process, guest) ? Optional.of(Duration.ofNanos(nanos)) : Optional.empty();
        } catch (IOException | NumberFormatException | StringIndexOutOfBoundsException e) {
            LOG.debug("the time of {} cannot be read", process, e);
            return Optional.empty();
        }
    }
}
