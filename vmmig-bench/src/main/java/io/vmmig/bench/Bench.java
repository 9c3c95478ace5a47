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

/** Starts and ends every program of {@code ./bench}. */
public final class Bench {
    private static final int FAILED = 2;

    private Bench() {}

    /** One of these programs. */
    @FunctionalInterface
    public interface Program {
        /**
         * Measures.
         *
         * @param words the user's arguments
         * @param out where it prints its progress
         * @param directory where it writes its results
         * @return the exit status: 0, or 1 if a target is missed
         */
        int run(List<String> words, PrintStream out, Path directory) throws IOException, VmmigException;
    }

    /**
     * Runs a program and exits the JVM: with 2 and one line on stderr if it could not measure. The last of {@code args} is the
     * directory.
     */
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
