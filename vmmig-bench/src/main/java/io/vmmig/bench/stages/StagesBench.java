// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stages;

import io.vmmig.lab.LabException;
import io.vmmig.lab.guest.GuestKind;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/** Runs the benchmarks of this package. */
public final class StagesBench {
    private StagesBench() {}

    /** Takes options of JMH, such as a part of a benchmark's name, and at the end the directory for the results. */
    public static void main(String[] args) throws IOException {
        Path directory = Path.of(args[args.length - 1]).toAbsolutePath();
        int status = 0;
        try {
            CommandLineOptions options = new CommandLineOptions(
                    List.of(args).subList(0, args.length - 1).toArray(String[]::new));
            GuestKind.Image debian = GuestKind.DEBIAN.image();
            Path memory = RealMemory.in(directory, debian);
            new Runner(new OptionsBuilder()
                            .parent(options)
                            .shouldFailOnError(true)
                            .jvmArgsAppend(
                                    property(MemorySegments.FILE_PROPERTY, memory),
                                    property(CodecState.BASE_PROPERTY, debian.qcow2()),
                                    property(CodecState.REFERENCES_PROPERTY, directory.resolve("references")))
                            .resultFormat(ResultFormatType.JSON)
                            .result(directory.resolve("stages.json").toString())
                            .build())
                    .run();
            System.out.println("A score is in MiB per second, on one thread.");
        } catch (CommandLineOptionException | LabException | RunnerException e) {
            System.err.println("bench: " + e.getMessage());
            status = 2;
        }
        System.exit(status);
    }

    private static String property(String name, Path value) {
        return "-D" + name + "=" + value;
    }
}
