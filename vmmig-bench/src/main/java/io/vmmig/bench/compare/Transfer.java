// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import io.vmmig.lab.Command;
import io.vmmig.lab.LabException;
import io.vmmig.lab.host.LabHost;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Sends files from one host to the other over a plain connection: the simplest transfer there is. */
final class Transfer {
    private static final int PORT = 7000;
    private static final Duration PATIENCE = Duration.ofMinutes(15);

    private Transfer() {}

    /**
     * Pipes the output of a shell command at one host into another command at the other host.
     *
     * @param pack prints the data
     * @param unpack reads it
     */
    static void run(LabHost from, Path source, String pack, LabHost to, Path target, String unpack) {
        CompletableFuture<String> received = CompletableFuture.supplyAsync(
                () -> shell(to, target, "socat -u TCP-LISTEN:" + PORT + ",reuseaddr STDOUT | " + unpack));
        // The other end may need a moment before it listens.
        shell(from, source, pack + " | socat -u STDIN TCP:" + to.address() + ":" + PORT + ",retry=200,interval=0.02");
        try {
            received.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new LabException("the files did not arrive at " + to, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LabException("interrupted", e);
        }
    }

    private static String shell(LabHost host, Path directory, String command) {
        List<String> words =
                host.inNetwork("bash", "-c", "set -o pipefail; cd '" + directory + "' && { " + command + "; }");
        return Command.of(words.toArray(String[]::new)).run(PATIENCE);
    }
}
