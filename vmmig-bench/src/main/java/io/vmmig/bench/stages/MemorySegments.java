// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stages;

import io.vmmig.qemu.RamScanner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Pages of a real guest's memory, in segments of 4 MiB spread over it; a benchmark takes one after the other. */
@State(Scope.Benchmark)
public class MemorySegments {
    /** The size of a segment, in MiB; a benchmark's operation is one MiB, so that its score is in MiB per second. */
    public static final int MIB = 4;

    /** The size of all segments together, in MiB. */
    public static final int ALL_MIB = 32;

    static final int BYTES = MIB << 20;
    /** Names the file with the stream. */
    public static final String FILE_PROPERTY = "vmmig.bench.memory";

    private static final int COUNT = ALL_MIB / MIB;

    private final List<byte[]> segments = new ArrayList<>();
    private int next;

    /** Reads the file that {@link StagesBench} has made. */
    @Setup
    public void read() throws IOException {
        byte[] stream = Files.readAllBytes(Path.of(System.getProperty(FILE_PROPERTY)));
        Pages pages = new Pages();
        new RamScanner().scan(stream, 0, stream.length, true, pages);
        int all = pages.offsets.size();
        int each = BYTES / RamScanner.PAGE_BYTES;
        if (all < COUNT * each) {
            throw new IOException("the guest has too few pages that are not empty: " + all);
        }
        for (int i = 0; i < COUNT; i++) {
            byte[] segment = new byte[BYTES];
            int first = (int) ((long) i * (all - each) / (COUNT - 1));
            for (int j = 0; j < each; j++) {
                System.arraycopy(
                        stream,
                        pages.offsets.get(first + j),
                        segment,
                        j * RamScanner.PAGE_BYTES,
                        RamScanner.PAGE_BYTES);
            }
            segments.add(segment);
        }
    }

    byte[] next() {
        next = (next + 1) % COUNT;
        return segments.get(next);
    }

    List<byte[]> all() {
        return segments;
    }

    private static final class Pages implements RamScanner.Visitor {
        private final List<Integer> offsets = new ArrayList<>();

        @Override
        public void opaque(int offset, int length) {}

        @Override
        public void page(int offset, int headerBytes, String block, long address) {
            offsets.add(offset + headerBytes);
        }

        @Override
        public void filled(int offset, int headerBytes, String block, long address) {}
    }
}
