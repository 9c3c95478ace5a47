// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stages;

import io.vmmig.VmmigException;
import io.vmmig.snapshot.Segment;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;

/** The page codec's own work for a segment of the stream; what is done for all segments in order comes on top. */
public class CodecBenchmark extends StageBenchmark {
    /** Encodes. */
    @Benchmark
    @OperationsPerInvocation(MemorySegments.MIB)
    public int encode(CodecState codec) {
        Segment segment = codec.next();
        codec.encoder().encode(segment);
        return segment.storedLength();
    }

    /** Decodes. */
    @Benchmark
    @OperationsPerInvocation(MemorySegments.MIB)
    public int decode(CodecState codec) throws VmmigException {
        Segment segment = codec.next();
        codec.decoder().decode(segment);
        return segment.decodedLength();
    }
}
