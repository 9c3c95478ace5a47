// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stages;

import io.vmmig.bench.MeasuredMemory;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.Offer;
import io.vmmig.transport.OutgoingSession;
import io.vmmig.transport.tls.TlsListener;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** An endless transfer whose receiver discards the segments. */
@State(Scope.Benchmark)
public class TlsLink {
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private final Semaphore arrived = new Semaphore(0);
    private @Nullable TlsListener listener;
    private @Nullable OutgoingSession session;
    private @Nullable OutputStream stream;
    private volatile @Nullable Exception failure;

    /** Connects, and agrees on a transfer. */
    @Setup
    public void connect() throws VmmigException {
        TlsListener open = StageIdentity.listen();
        listener = open;
        Thread reader = new Thread(() -> read(open), "reader");
        reader.setDaemon(true);
        reader.start();
        OutgoingSession outgoing = StageIdentity.to(open).open();
        session = outgoing;
        outgoing.offer(new Offer(MeasuredMemory.manifest(MemorySegments.BYTES), "<domain/>"));
        stream = outgoing.packageStream();
    }

    private void read(TlsListener listener) {
        byte[] buffer = new byte[MemorySegments.BYTES];
        try (IncomingSession incoming = listener.accept(PATIENCE)) {
            incoming.offer();
            incoming.accept(new Acceptance(Set.of()));
            incoming.ready();
            InputStream in = incoming.packageStream();
            while (in.readNBytes(buffer, 0, buffer.length) == buffer.length) {
                arrived.release();
            }
        } catch (IOException | VmmigException e) {
            failure = e;
        }
    }

    OutputStream stream() {
        if (stream == null) {
            throw new IllegalStateException("before the setup");
        }
        return stream;
    }

    /** Waits until that many more segments have arrived. */
    void awaitArrival(int segments) throws IOException {
        try {
            if (!arrived.tryAcquire(segments, PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                throw new IOException("the segments did not arrive", failure);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /** Aborts the transfer. */
    @TearDown
    public void close() {
        if (session != null) {
            session.close();
        }
        if (listener != null) {
            listener.close();
        }
    }
}
