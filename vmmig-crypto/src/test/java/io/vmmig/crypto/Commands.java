// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Other people's programs, to compare ours with. */
final class Commands {
    private Commands() {}

    /** What the command says, all of it; it must exit with {@code status}. Fails when it is not installed. */
    static String run(int status, Path directory, String... command) throws IOException, InterruptedException {
        Process process;
        try {
            process = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .redirectInput(
                            ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                    .start();
        } catch (IOException e) {
            throw new AssertionError(
                    "this test needs the command " + command[0] + ", which lab/prerequisites installs", e);
        }
        String said = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor(60, TimeUnit.SECONDS))
                .as("%s ends", command[0])
                .isTrue();
        assertThat(process.exitValue())
                .as("%s says: %s", String.join(" ", command), said)
                .isEqualTo(status);
        return said;
    }
}
