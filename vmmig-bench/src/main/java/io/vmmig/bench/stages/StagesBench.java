// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stages;

import io.vmmig.bench.Bench;
import io.vmmig.error.VmmigException;
import io.vmmig.lab.LabException;
import io.vmmig.lab.guest.GuestKind;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatFactory;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/** Runs the benchmarks of this package: first each of them cold, once in a fresh JVM, then warm. */
public final class StagesBench {
    private static final int FRESH_JVMS = 2;

    private StagesBench() {}

    /** Takes options of JMH, such as a part of a benchmark's name, and at the end the directory for the results. */
    public static void main(String[] args) {
        Bench.run(args, StagesBench::run);
    }

    private static int run(List<String> words, PrintStream out, Path directory) throws IOException, VmmigException {
        try {
            Options options = withInputs(new CommandLineOptions(words.toArray(String[]::new)), directory);
            Collection<RunResult> cold = new Runner(cold(options)).run();
            Collection<RunResult> warm = new Runner(warm(options)).run();
            conclude(cold, warm, out, directory.resolve("stages.json"));
            return 0;
        } catch (CommandLineOptionException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        } catch (RunnerException e) {
            throw new LabException(String.valueOf(e.getMessage()), e);
        }
    }

    private static Options withInputs(CommandLineOptions given, Path directory) throws IOException, VmmigException {
        GuestKind.Image debian = GuestKind.DEBIAN.image();
        return new OptionsBuilder()
                .parent(given)
                .shouldFailOnError(true)
                .jvmArgsAppend(
                        property(MemorySegments.FILE_PROPERTY, RealMemory.in(directory, debian)),
                        property(DiskSample.PROPERTY, DiskSample.in(directory, debian)),
                        property(StageIdentity.PROPERTY, StageIdentity.make(directory)),
                        property(CodecState.BASE_PROPERTY, debian.qcow2()),
                        property(CodecState.REFERENCES_PROPERTY, directory.resolve("references")))
                .build();
    }

    private static Options cold(Options options) {
        return new OptionsBuilder()
                .parent(options)
                .mode(Mode.SingleShotTime)
                .timeUnit(TimeUnit.MILLISECONDS)
                .warmupIterations(0)
                .measurementIterations(1)
                .forks(options.getForkCount().orElse(FRESH_JVMS))
                .build();
    }

    /** A profiler would attribute the preparation to the first call, so only the warm runs report allocation. */
    private static Options warm(Options options) {
        return new OptionsBuilder()
                .parent(options)
                .addProfiler(GCProfiler.class)
                .build();
    }

    private static void conclude(Collection<RunResult> cold, Collection<RunResult> warm, PrintStream out, Path file) {
        List<RunResult> all = new ArrayList<>(cold);
        all.addAll(warm);
        ResultFormatFactory.getInstance(ResultFormatType.JSON, file.toString()).writeOut(all);
        out.println();
        StageTable.of(
                        cold.stream().map(Timing::of).toList(),
                        warm.stream().map(Timing::of).toList())
                .forEach(out::println);
        out.println("Everything as JSON: " + file);
    }

    private static String property(String name, Path value) {
        return "-D" + name + "=" + value;
    }
}
