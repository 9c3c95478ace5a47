// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.programs;

import io.vmmig.lab.Await;
import io.vmmig.lab.LabException;
import io.vmmig.lab.host.LabHost;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Runs the program Receive, and restarts it whenever it ends, as a service manager does. */
final class Door implements AutoCloseable {
    private static final Duration TIME_TO_LISTEN = Duration.ofSeconds(30);
    private static final long GLANCE_MILLIS = 50;

    private final Thread thread = new Thread(this::keepOpen, "door");
    private final Path output;
    private final String[] arguments;
    private volatile Run run;
    private volatile boolean closed;

    /** Returns when it listens. */
    Door(Path output, String... arguments) {
        this.output = output;
        this.arguments = arguments;
        this.run = start();
        Run first = run;
        Await.until("Receive to listen", TIME_TO_LISTEN, () -> first.said().contains("listening"));
        thread.setDaemon(true);
        thread.start();
    }

    /** Where it listens. */
    int port() {
        return Integer.parseInt(arguments[1]);
    }

    /** What Receive is told. */
    static String[] arguments(LabHost host, int port, Path nodes) {
        return new String[] {
            host.uri(),
            Integer.toString(port),
            host.identityDirectory().toString(),
            nodes.toString(),
            host.guestsDirectory().toString(),
            host.stateDirectory().toString()
        };
    }

    private Run start() {
        return Run.start(Program.RECEIVE, output, arguments);
    }

    private void keepOpen() {
        while (!closed) {
            if (run.endsWithin(Duration.ofMillis(GLANCE_MILLIS)) && !closed) {
                run = start();
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        try {
            thread.join(TimeUnit.SECONDS.toMillis(10));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LabException("interrupted", e);
        }
        run.close();
    }
}
