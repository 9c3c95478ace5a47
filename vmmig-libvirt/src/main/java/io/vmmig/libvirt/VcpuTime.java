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
 * The CPU time of the threads that run a guest's virtual processors, to the nanosecond, as Linux keeps it. Nothing can run the guest
 * without it: neither a monitor of QEMU's nor a debugger. While the guest is paused these threads sleep; QEMU wakes them only to ask
 * them something, which takes a fraction of {@link #NOISE}. It shows only where the guest's QEMU is a process that we may see.
 */
final class VcpuTime {
    private static final Logger LOG = LoggerFactory.getLogger(VcpuTime.class);

    /**
     * More than each thread of a paused guest uses while QEMU saves the guest, for which it is asked for dirty pages and registers: 50
     * to 220 µs on an idle machine, and 61 ms were seen on a busy one. A guest that is let run for as short as that shows by other signs.
     */
    private static final Duration NOISE = Duration.ofMillis(100);

    private final UUID guest;
    private final Path process;
    private final List<Path> threads;

    private VcpuTime(UUID guest, Path process, List<Path> threads) {
        this.guest = guest;
        this.process = process;
        this.threads = threads;
    }

    /** Of the guest's QEMU; empty when we do not see it. */
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
                // libvirt has QEMU name its threads: "CPU 0/KVM", "CPU 0/TCG", and "ALL CPUs/TCG" for all in one.
                if (Files.readString(task.resolve("comm")).matches("(CPU \\d+|ALL CPUs)/.*\\n")) {
                    threads.add(task.resolve("schedstat"));
                }
            }
        }
        return threads;
    }

    /** What all of them use together without running the guest. */
    Duration noise() {
        return NOISE.multipliedBy(threads.size());
    }

    /** How much they have used since they began; empty when they have ended. */
    Optional<Duration> used() {
        try {
            long nanos = 0;
            for (Path thread : threads) {
                String text = Files.readString(thread);
                nanos += Long.parseLong(text.substring(0, text.indexOf(' ')));
            }
            // A process of the same number would not be that of the guest.
            return QemuProcess.isOf(process, guest) ? Optional.of(Duration.ofNanos(nanos)) : Optional.empty();
        } catch (IOException | NumberFormatException | StringIndexOutOfBoundsException e) {
            LOG.debug("the time of {} cannot be read", process, e);
            return Optional.empty();
        }
    }
}
