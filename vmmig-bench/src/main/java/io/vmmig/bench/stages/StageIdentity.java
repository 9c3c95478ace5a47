// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stages;

import io.vmmig.crypto.HostIdentity;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.tls.TlsListener;
import io.vmmig.transport.tls.TlsTransport;
import java.nio.file.Path;
import java.util.Set;

/** The host that signs, and that both ends of a connection are. Its keys are not made where a stage is measured cold. */
final class StageIdentity {
    /** Names the directory that it is kept in. */
    static final String PROPERTY = "vmmig.bench.identity";

    private static final String LOOPBACK = "127.0.0.1";

    private StageIdentity() {}

    /** The directory; the identity is in it from then on. */
    static Path make(Path directory) throws VmmigException {
        Path identity = directory.resolve("identity");
        HostIdentity.in(identity);
        return identity;
    }

    static HostIdentity load() throws VmmigException {
        return HostIdentity.in(Path.of(System.getProperty(PROPERTY)));
    }

    /** Listens for itself on loopback. */
    static TlsListener listen() throws VmmigException {
        HostIdentity self = load();
        return TlsListener.on(LOOPBACK, 0)
                .as(self)
                .trusting(Set.of(self.fingerprint()))
                .listen();
    }

    /** The way to that listener, as the one whom it trusts. */
    static TlsTransport to(TlsListener listener) throws VmmigException {
        HostIdentity self = load();
        return TlsTransport.to(LOOPBACK, listener.port()).as(self).trusting(self.fingerprint());
    }
}
