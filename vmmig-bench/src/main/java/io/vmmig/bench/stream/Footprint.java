// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stream;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.nio.file.Files;
import java.nio.file.Path;

/** The peak memory of this JVM. */
final class Footprint {
    private Footprint() {}

    /** An upper bound: the pools' peaks need not be simultaneous. */
    static long peakHeapBytes() {
        long peaks = ManagementFactory.getMemoryPoolMXBeans().stream()
                .filter(pool -> pool.getType() == MemoryType.HEAP)
                .map(MemoryPoolMXBean::getPeakUsage)
                .mapToLong(usage -> usage.getUsed())
                .sum();
        return Math.min(peaks, Runtime.getRuntime().maxMemory());
    }

    /** As the kernel reports it, with heap, native memory and code. */
    static long peakProcessBytes() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmHWM:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                .findFirst()
                .orElseThrow(() -> new IOException("/proc/self/status has no VmHWM"));
    }
}
