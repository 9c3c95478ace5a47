// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stages;

import io.vmmig.error.VmmigException;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.OutgoingSession;
import io.vmmig.transport.tls.TlsListener;
import io.vmmig.transport.tls.TlsTransport;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** A host that listens, and closes every connection. */
@State(Scope.Benchmark)
public class TlsDoor {
    private static final Duration PATIENCE = Duration.ofHours(1);

    private @Nullable TlsListener listener;
    private @Nullable TlsTransport transport;
    private @Nullable OutgoingSession session;

    /** Listens. */
    @Setup
    public void listen() throws VmmigException {
        TlsListener open = StageIdentity.listen();
        listener = open;
        transport = StageIdentity.to(open);
        Thread host = new Thread(() -> turnAway(open), "door");
        host.setDaemon(true);
        host.start();
    }

    /** Until the listener is closed. */
    private static void turnAway(TlsListener listener) {
        while (true) {
            try (IncomingSession session = listener.accept(PATIENCE)) {
                awaitLeave(session);
            } catch (VmmigException e) {
                return;
            }
        }
    }

    private static void awaitLeave(IncomingSession session) {
        try {
            throw new IllegalStateException("nothing was to be offered: " + session.offer());
        } catch (VmmigException e) {
            // The client has disconnected, as expected.
        }
    }

    void enter() throws VmmigException {
        if (transport == null) {
            throw new IllegalStateException("before the setup");
        }
        session = transport.open();
    }

    /** Closes the connection; not measured. */
    @TearDown(Level.Invocation)
    public void leave() {
        if (session != null) {
            session.close();
            session = null;
        }
    }

    /** Stops listening. */
    @TearDown
    public void close() {
        if (listener != null) {
            listener.close();
        }
    }
}
