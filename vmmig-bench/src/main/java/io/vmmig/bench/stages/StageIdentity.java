// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stages;

import io.vmmig.crypto.HostIdentity;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.tls.TlsListener;
import io.vmmig.transport.tls.TlsTransport;
import java.nio.file.Path;
import java.util.Set;

/** The host that signs; both ends of a connection use it. Its keys are not generated in the JVM that measures a stage cold. */
final class StageIdentity {
    /** Names its directory. */
    static final String PROPERTY = "vmmig.bench.identity";

    private static final String LOOPBACK = "127.0.0.1";

    private StageIdentity() {}

    /** The directory; creates the identity in it. */
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

    /** The transport to that listener, which trusts it. */
    static TlsTransport to(TlsListener listener) throws VmmigException {
        HostIdentity self = load();
        return TlsTransport.to(LOOPBACK, listener.port()).as(self).trusting(self.fingerprint());
    }
}
