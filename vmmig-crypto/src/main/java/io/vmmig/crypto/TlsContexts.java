// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import java.security.GeneralSecurityException;
import java.util.Set;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;

/** TLS as vmmig wants it: version 1.3, both sides authenticated, and trust in named keys only. */
public final class TlsContexts {
    private TlsContexts() {}

    /**
     * A context for either side. A handshake with any other key than {@code trusted} fails, with an
     * {@link UntrustedKeyException} among its causes. Thread-safe. Use {@link #parameters()} with it.
     */
    public static SSLContext of(HostIdentity self, Set<Fingerprint> trusted) {
        try {
            SSLContext context = SSLContext.getInstance("TLSv1.3");
            context.init(
                    new KeyManager[] {new IdentityKeyManager(self)},
                    new TrustManager[] {new PinnedTrust(trusted)},
                    null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK cannot do TLS 1.3", e);
        }
    }

    /** What a socket or engine made by {@link #of} must be set to. A new object each time. */
    public static SSLParameters parameters() {
        SSLParameters parameters = new SSLParameters();
        parameters.setProtocols(new String[] {"TLSv1.3"});
        // AES runs in hardware on every host that runs guests; ChaCha20 is many times slower on JDK 17.
        parameters.setCipherSuites(new String[] {"TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"});
        parameters.setNeedClientAuth(true);
        return parameters;
    }
}
