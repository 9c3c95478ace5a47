// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import io.vmmig.crypto.HostIdentity;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.OutgoingSession;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** Two hosts that trust each other, on this machine. */
final class TlsPair implements AutoCloseable {
    final HostIdentity source;
    final HostIdentity destination;
    final TlsListener listener;
    final TlsTransport transport;
    final BlockingQueue<VmmigException> rejected = new LinkedBlockingQueue<>();

    TlsPair(Path directory, Duration connect, Duration idle, Duration progress) throws VmmigException {
        source = HostIdentity.in(directory.resolve("source"));
        destination = HostIdentity.in(directory.resolve("destination"));
        listener = TlsListener.on("127.0.0.1", 0)
                .as(destination)
                .trusting(Set.of(source.fingerprint()))
                .connectTimeout(connect)
                .idleTimeout(idle)
                .onRejected(rejected::add)
                .listen();
        transport = TlsTransport.to("127.0.0.1", listener.port())
                .as(source)
                .trusting(destination.fingerprint())
                .connectTimeout(connect)
                .idleTimeout(idle)
                .progressTimeout(progress);
    }

    static TlsPair in(Path directory) throws VmmigException {
        return new TlsPair(directory, Duration.ofSeconds(5), Duration.ofSeconds(5), Duration.ofSeconds(20));
    }

    /** Notices a host that is silent for so long, and is patient otherwise. */
    static TlsPair noticingSilenceOf(Duration idle, Path directory) throws VmmigException {
        return new TlsPair(directory, Duration.ofSeconds(5), idle, Duration.ofSeconds(20));
    }

    /** Notices everything within a fraction of a second. */
    static TlsPair hasty(Path directory) throws VmmigException {
        return new TlsPair(directory, Duration.ofSeconds(2), Duration.ofMillis(700), Duration.ofMillis(1500));
    }

    /** Notices a host that is silent for four seconds, which even one that has far too much to do is not. */
    static TlsPair brisk(Path directory) throws VmmigException {
        return new TlsPair(directory, Duration.ofSeconds(5), Duration.ofSeconds(4), Duration.ofMillis(1500));
    }

    OutgoingSession open() throws VmmigException {
        return transport.open();
    }

    IncomingSession accept() throws VmmigException {
        return listener.accept(Duration.ofSeconds(5));
    }

    @Override
    public void close() {
        listener.close();
    }
}
