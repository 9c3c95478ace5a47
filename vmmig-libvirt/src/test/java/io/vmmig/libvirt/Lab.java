// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The commands of the repository's lab. Whatever they lack is an error that says so; nothing is skipped. */
final class Lab {
    private static final Path DIRECTORY = find();

    private Lab() {}

    private static Path find() {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            if (Files.isExecutable(at.resolve("lab/guest"))) {
                return at.resolve("lab");
            }
        }
        throw new IllegalStateException("there is no lab/ above " + Path.of("").toAbsolutePath());
    }

    /** What a lab command prints. */
    static String run(String command, String... arguments) throws IOException, InterruptedException {
        List<String> line = new ArrayList<>(List.of(DIRECTORY.resolve(command).toString()));
        line.addAll(List.of(arguments));
        Path output = Files.createTempFile("vmmig-lab", ".out");
        Path errors = Files.createTempFile("vmmig-lab", ".err");
        try {
            ProcessBuilder builder = new ProcessBuilder(line);
            // Hosts of our own: others on this machine may be at work in the lab as well.
            builder.environment()
                    .put(
                            "VMMIG_LAB",
                            "/tmp/vmmig-it-lab-" + ProcessHandle.current().pid());
            Process process = builder.redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/null")))
                    .redirectOutput(output.toFile())
                    .redirectError(errors.toFile())
                    .start();
            if (!process.waitFor(10, TimeUnit.MINUTES)) {
                process.destroyForcibly();
                throw new IllegalStateException(line + " hangs");
            }
            if (process.exitValue() != 0) {
                throw new IllegalStateException(line + " failed: " + Files.readString(errors));
            }
            return Files.readString(output).trim();
        } finally {
            Files.delete(output);
            Files.delete(errors);
        }
    }

    /** With all that is in it. */
    static void delete(Path directory) throws IOException {
        try (Stream<Path> left = Files.walk(directory)) {
            for (Path file : left.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
