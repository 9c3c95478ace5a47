// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import io.vmmig.Failure;
import io.vmmig.VmmigException;
import io.vmmig.crypto.Fingerprint;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.Offer;
import io.vmmig.transport.OutgoingSession;
import io.vmmig.transport.wire.WireOutgoingSession;
import java.io.OutputStream;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A transfer to a host that is known, and that is given up when that host is trusted no more. */
final class TlsOutgoingSession implements OutgoingSession {
    private final WireOutgoingSession wire;
    private final Fingerprint peer;
    private final TrustWatch.Guarded guarded;

    TlsOutgoingSession(WireOutgoingSession wire, String name, Fingerprint peer, TrustWatch watch) {
        this.wire = wire;
        this.peer = peer;
        this.guarded = watch.guard(peer, name, wire::fail);
    }

    @Override
    public Set<String> recipients() {
        return Set.of(peer.hex());
    }

    @Override
    public Acceptance offer(Offer offer) throws VmmigException {
        return wire.offer(offer);
    }

    @Override
    public OutputStream packageStream() {
        return wire.packageStream();
    }

    @Override
    public void finish() throws VmmigException {
        wire.finish();
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
