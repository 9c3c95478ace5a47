// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stages;

import io.vmmig.snapshot.PageSegmenter;
import io.vmmig.snapshot.Segment;
import io.vmmig.snapshot.SegmentPool;
import io.vmmig.snapshot.Segmenter;
import io.vmmig.snapshot.Segments;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Cuts the stream of a real guest into segments: finds its pages, hashes them, and compares them with recent ones. */
@State(Scope.Benchmark)
public class CutBenchmark extends StageBenchmark {
    private static final int MIB = 64;

    private byte[] stream = new byte[0];
    private @Nullable Segment segment;

    /** Reads the beginning of the stream. */
    @Setup
    public void read() throws IOException, InterruptedException {
        try (InputStream in = Files.newInputStream(Path.of(System.getProperty(MemorySegments.FILE_PROPERTY)))) {
            stream = in.readNBytes(MIB << 20);
        }
        segment = new SegmentPool(1, Segments.MAX_BYTES, Segments.storedBytes(Segments.MAX_BYTES)).take();
    }

    /** Cuts all of it. */
    @Benchmark
    @OperationsPerInvocation(MIB)
    public int cut() throws IOException {
        if (segment == null) {
            throw new IllegalStateException("before the setup");
        }
        InputStream in = new ByteArrayInputStream(stream);
        Segmenter segmenter = new PageSegmenter().snapshot();
        int bytes = 0;
        boolean more = true;
        while (more) {
            more = segmenter.fill(segment, in);
            bytes += segment.decodedLength();
        }
        return bytes;
    }
}
