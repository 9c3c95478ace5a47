// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import java.security.GeneralSecurityException;
import java.util.Set;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;

/** TLS as vmmig uses it: version 1.3, both sides authenticated, and trust in named hosts only. */
public final class TlsContexts {
    private TlsContexts() {}

    /**
     * A context for either side. Every handshake asks {@code trusted}. A handshake with an untrusted host fails, with an {@link
     * UntrustedKeyException} among its causes; one with a certificate that has expired, or is not valid yet, with a {@link
     * java.security.cert.CertificateExpiredException} or {@link java.security.cert.CertificateNotYetValidException}. The
     * certificates of {@link HostIdentity} do not expire: trust ends when a host is deleted. Thread-safe. Use {@link
     * #parameters()} with it.
     */
    public static SSLContext of(HostIdentity self, TrustedNodes trusted) {
        try {
            SSLContext context = SSLContext.getInstance("TLSv1.3");
            context.init(
                    new KeyManager[] {new IdentityKeyManager(self)},
                    new TrustManager[] {new PinnedTrust(trusted)},
                    null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK does not support TLS 1.3", e);
        }
    }

    /** As {@link #of(HostIdentity, TrustedNodes)}, with a fixed set of trusted hosts. */
    public static SSLContext of(HostIdentity self, Set<Fingerprint> trusted) {
        return of(self, TrustedNodes.of(trusted));
    }

    /** The parameters that a socket or engine from {@link #of} must use. A new object each time. */
    public static SSLParameters parameters() {
        SSLParameters parameters = new SSLParameters();
        parameters.setProtocols(new String[] {"TLSv1.3"});
        // Every host that runs guests has AES in hardware; ChaCha20 is many times slower on JDK 17.
        parameters.setCipherSuites(new String[] {"TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"});
        parameters.setNeedClientAuth(true);
        return parameters;
    }
}
