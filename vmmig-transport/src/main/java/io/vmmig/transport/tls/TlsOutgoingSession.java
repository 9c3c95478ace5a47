// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import io.vmmig.crypto.AgeSealing;
import io.vmmig.crypto.NodeKeys;
import io.vmmig.crypto.SealingOutputStream;
import io.vmmig.error.Failure;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.Offer;
import io.vmmig.transport.OutgoingSession;
import io.vmmig.transport.wire.WireOutgoingSession;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A transfer to a host that is known, and that is given up when that host is trusted no more. */
final class TlsOutgoingSession implements OutgoingSession {
    private final WireOutgoingSession wire;
    private final String name;
    private final NodeKeys peer;
    private final boolean sealing;
    private final RevocationMonitor.Guarded guarded;
    private @Nullable SealingOutputStream sealed;

    TlsOutgoingSession(WireOutgoingSession wire, String name, NodeKeys peer, boolean sealing, RevocationMonitor watch) {
        this.wire = wire;
        this.name = name;
        this.peer = peer;
        this.sealing = sealing;
        this.guarded = watch.guard(peer.fingerprint(), name, wire::fail);
    }

    @Override
    public void onReconnected(Consumer<Duration> listener) {
        wire.onReconnected(listener);
    }

    @Override
    public Set<String> recipients() {
        return Set.of(peer.fingerprint().hex());
    }

    @Override
    public Acceptance offer(Offer offer) throws VmmigException {
        Acceptance acceptance = wire.offer(offer);
        beginPart();
        return acceptance;
    }

    private void beginPart() throws VmmigException {
        if (sealing) {
            try {
                sealed = AgeSealing.seal(wire.packageStream(), List.of(peer.sealing()));
            } catch (IOException e) {
                throw lost(e);
            }
        }
    }

    private void endPart() throws VmmigException {
        if (sealed != null) {
            try {
                sealed.finish();
            } catch (IOException e) {
                throw lost(e);
            }
        }
    }

    @Override
    public OutputStream packageStream() {
        return sealing ? new Sealed() : wire.packageStream();
    }

    /** Goes on with the next part when one has ended. */
    private final class Sealed extends OutputStream {
        private OutputStream part() {
            return sealed == null ? wire.packageStream() : sealed;
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            part().write(bytes, offset, length);
        }

        @Override
        public void write(int b) throws IOException {
            part().write(b);
        }

        @Override
        public void flush() throws IOException {
            part().flush();
        }
    }

    @Override
    public void awaitReady() throws VmmigException {
        endPart();
        wire.awaitReady();
        beginPart();
    }

    @Override
    public void finish() throws VmmigException {
        endPart();
        wire.finish();
    }

    private VmmigException lost(IOException e) {
        return VmmigException.from(
                e, Problem.CONNECTION_LOST, "the package could not be sealed for " + name, "Try again.");
    }

    @Override
    public void commit() throws VmmigException {
        wire.commit();
    }

    @Override
    public void abort(@Nullable Failure reason) {
        wire.abort(reason);
    }

    @Override
    public void close() {
        try {
            wire.close();
        } finally {
            guarded.close();
        }
    }
}
