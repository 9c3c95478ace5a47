// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/** QEMU's own image tools, run in one directory. */
final class Qemu {
    private final Path directory;

    /** @throws AssertionError saying so, if the tools are not installed */
    Qemu(Path directory) throws Exception {
        this.directory = directory;
        assertThat(run("qemu-img", "--version").code()).isZero();
        assertThat(run("qemu-io", "--version").code()).isZero();
    }

    record Result(int code, String output) {}

    Result run(String... command) throws Exception {
        Process process;
        try {
            process = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .start();
        } catch (IOException e) {
            throw new AssertionError("this test needs " + command[0] + ", of Debian's package qemu-utils", e);
        }
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return new Result(process.exitValue(), output);
    }

    /** Runs qemu-img, which must succeed; what stands between spaces is one argument. */
    String img(String arguments) throws Exception {
        String[] command = ("qemu-img " + arguments).split(" ");
        Result result = run(command);
        assertThat(result.code())
                .as("%s: %s", Arrays.asList(command), result.output())
                .isZero();
        return result.output();
    }

    /** Runs one command of qemu-io, such as to write a pattern or to check one. */
    void io(String image, String format, String command) throws Exception {
        Result result = run("qemu-io", "-f", format, "-c", command, image);
        assertThat(result.code()).as(result.output()).isZero();
        assertThat(result.output()).doesNotContainIgnoringCase("failed").doesNotContainIgnoringCase("error");
    }
}
