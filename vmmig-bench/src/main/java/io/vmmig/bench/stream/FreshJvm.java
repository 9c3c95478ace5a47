// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stream;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Runs a pass in a fresh JVM, so that neither earlier runs nor the machine's memory make a difference. */
final class FreshJvm {
    /** The heap that it gets. */
    static final int HEAP_MIB = 256;

    private FreshJvm() {}

    static Pass pass(long mebibytes, int processors, long seed) throws IOException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx" + HEAP_MIB + "m",
                        "-XX:ActiveProcessorCount=" + processors,
                        "-cp",
                        System.getProperty("java.class.path"),
                        Pass.class.getName(),
                        Long.toString(mebibytes),
                        Long.toString(seed))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int status = process.waitFor();
            if (status != 0) {
                throw new IOException("a stream of " + mebibytes + " MiB failed; its JVM exited with " + status);
            }
            return new Gson().fromJson(said, Pass.class);
        } catch (JsonParseException e) {
            throw new IOException("a JVM reported no result for a stream of " + mebibytes + " MiB", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            process.destroyForcibly();
        }
    }
}
