// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stages;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The base of all stages: one thread, MiB per second. A benchmark's method handles one segment, and is annotated with {@code
 * @OperationsPerInvocation(MemorySegments.MIB)}.
 *
 * <p>Each is also measured in a JVM in which it has never run, so its input must not be prepared by the stage itself: what one
 * half of a pair produces for the other comes from a state that only the other uses.
 */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 4, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
public abstract class StageBenchmark {}
