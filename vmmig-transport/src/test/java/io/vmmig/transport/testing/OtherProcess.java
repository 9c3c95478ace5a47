// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs a main class in a JVM of its own, and gives what it printed. */
public final class OtherProcess {
    private OtherProcess() {}

    public static String run(Class<?> main, String argument, String... options) throws Exception {
        return output(java(main, argument, options));
    }

    /**
     * Runs it with a tmpfs of that size, whose path is its argument. The tmpfs is in a mount namespace of the process, and
     * gone with it; who is not root makes the namespace in a user namespace.
     */
    public static String onTinyDisk(Class<?> main, int mebibytes) throws Exception {
        String mount = "mount -t tmpfs -o mode=711,size=" + mebibytes + "m vmmig-test /mnt && exec \"$@\"";
        List<String> command = new ArrayList<>(List.of("unshare", "--mount"));
        if (!"root".equals(System.getProperty("user.name"))) {
            command.add("--map-root-user");
        }
        command.addAll(List.of("sh", "-c", mount, "sh"));
        command.addAll(java(main, "/mnt"));
        return output(command);
    }

    private static List<String> java(Class<?> main, String argument, String... options) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(options));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName(), argument));
        return command;
    }

    private static String output(List<String> command) throws Exception {
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue())
                .as("%s (its errors are in the output of this test; unshare and mount come with util-linux)", command)
                .isZero();
        return output;
    }
}
