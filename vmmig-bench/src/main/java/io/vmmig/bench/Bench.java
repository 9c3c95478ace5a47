// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench;

import io.vmmig.error.VmmigException;
import io.vmmig.lab.LabException;
import io.vmmig.lab.host.MoveFailed;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** What all programs of {@code ./bench} begin and end with. */
public final class Bench {
    private static final int FAILED = 2;

    private Bench() {}

    /** What one of them does. */
    @FunctionalInterface
    public interface Program {
        /**
         * Measures.
         *
         * @param words what the user has added
         * @param out where it tells of it
         * @param directory where its results belong
         * @return the exit status: 0, or 1 if a target is missed
         */
        int run(List<String> words, PrintStream out, Path directory) throws IOException, VmmigException;
    }

    /** Runs one, and ends the JVM: with 2 and one line if it could not measure. The last of {@code args} is the directory. */
    public static void run(String[] args, Program program) {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        Path directory = Path.of(args[args.length - 1]).toAbsolutePath();
        int status;
        try {
            status = program.run(List.of(args).subList(0, args.length - 1), out, directory);
        } catch (IllegalArgumentException
                | ArithmeticException
                | LabException
                | MoveFailed
                | IOException
                | UncheckedIOException
                | VmmigException e) {
            System.err.println("bench: " + e.getMessage());
            status = FAILED;
        }
        System.exit(status);
    }
}
