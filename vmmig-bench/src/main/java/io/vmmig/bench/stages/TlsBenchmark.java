// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stages;

import io.vmmig.error.VmmigException;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;

/** A connection of the TLS transport, with its frames, over loopback. Both ends are in this JVM, with one thread each. */
public class TlsBenchmark extends StageBenchmark {
    /** Sends all segments and waits until the other end has them. */
    @Benchmark
    @OperationsPerInvocation(MemorySegments.ALL_MIB)
    public void send(TlsLink link, MemorySegments memory) throws IOException {
        for (byte[] segment : memory.all()) {
            link.stream().write(segment);
        }
        link.stream().flush();
        link.awaitArrival(memory.all().size());
    }

    /** Connects, authenticates and agrees on a version. */
    @Benchmark
    @BenchmarkMode(Mode.AverageTime)
    @OutputTimeUnit(TimeUnit.MILLISECONDS)
    public void connect(TlsDoor door) throws VmmigException {
        door.enter();
    }
}
