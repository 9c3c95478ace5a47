// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stages;

import io.vmmig.error.VmmigException;
import io.vmmig.snapshot.Segment;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** The page codec's work for one segment of the stream, without the work that is done for all segments in order. */
public class CodecBenchmark extends StageBenchmark {
    /** Encodes. */
    @Benchmark
    @OperationsPerInvocation(MemorySegments.MIB)
    public int encode(CodecState codec) {
        Segment segment = codec.next();
        codec.encoder().encode(segment);
        return segment.storedLength();
    }

    /** Segments that are encoded. */
    @State(Scope.Benchmark)
    public static class Encoded {
        /** Encodes, and prints the size. */
        @Setup
        public void encode(CodecState codec) {
            System.out.printf(
                    "%s%s: %.3f of the size%n", codec.level, codec.base ? " with a base image" : "", codec.encodeAll());
        }
    }

    /** Decodes. */
    @Benchmark
    @OperationsPerInvocation(MemorySegments.MIB)
    public int decode(CodecState codec, Encoded encoded) throws VmmigException {
        Segment segment = codec.next();
        codec.decoder().decode(segment);
        return segment.decodedLength();
    }
}
