// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import io.vmmig.crypto.AgeSealing;
import io.vmmig.crypto.Fingerprint;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.error.Failure;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.Offer;
import io.vmmig.transport.wire.LazyDecryptingInputStream;
import io.vmmig.transport.wire.Parts;
import io.vmmig.transport.wire.WireIncomingSession;
import java.io.BufferedInputStream;
import java.io.InputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/** A transfer from a host that is known, and that is refused when that host is trusted no more. */
final class TlsIncomingSession implements IncomingSession {
    private static final int BUFFER_BYTES = 64 << 10;

    private final WireIncomingSession wire;
    private final Fingerprint peer;
    private final RevocationMonitor.Guarded guarded;
    private final InputStream opened;

    TlsIncomingSession(WireIncomingSession wire, HostIdentity self, Fingerprint peer, RevocationMonitor watch) {
        this.wire = wire;
        this.peer = peer;
        this.opened = new Parts(
                wire,
                part -> new LazyDecryptingInputStream(
                        new BufferedInputStream(part, BUFFER_BYTES),
                        sent -> AgeSealing.begins(sent) ? AgeSealing.open(sent, self.sealingIdentities()) : sent));
        this.guarded = watch.guard(peer, wire.description(), wire::fail);
    }

    @Override
    public void onReconnected(Consumer<Duration> listener) {
        wire.onReconnected(listener);
    }

    /** Whether {@link #awaitOffer} does not wait. */
    boolean hasOffer() {
        return wire.hasOffer();
    }

    @Override
    public void awaitOffer() throws VmmigException {
        wire.awaitOffer();
    }

    @Override
    public Offer offer() throws VmmigException {
        return wire.offer();
    }

    @Override
    public String description() {
        return wire.description();
    }

    @Override
    public Optional<String> peer() {
        return Optional.of(peer.toString());
    }

    @Override
    public boolean disconnected() {
        return wire.disconnected();
    }

    @Override
    public void accept(Acceptance acceptance) throws VmmigException {
        wire.accept(acceptance);
    }

    @Override
    public void ready() throws VmmigException {
        wire.ready();
    }

    @Override
    public InputStream packageStream() {
        return opened;
    }

    @Override
    public void restored() throws VmmigException {
        wire.restored();
    }

    @Override
    public void awaitCommit() throws VmmigException {
        wire.awaitCommit();
    }

    @Override
    public void resumed() throws VmmigException {
        wire.resumed();
    }

    @Override
    public void refuse(Failure reason) {
        wire.refuse(reason);
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
