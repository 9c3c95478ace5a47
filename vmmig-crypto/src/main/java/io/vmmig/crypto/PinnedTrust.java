// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Set;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Trusts keys, not certificates: names, dates and issuers say nothing that the fingerprint does not say better. That the
 * peer holds the private key is shown by the handshake itself.
 */
final class PinnedTrust extends X509ExtendedTrustManager {
    private final Set<Fingerprint> trusted;

    PinnedTrust(Set<Fingerprint> trusted) {
        this.trusted = Set.copyOf(trusted);
    }

    private void check(X509Certificate @Nullable [] chain) throws UntrustedKeyException {
        if (chain == null || chain.length == 0) {
            throw new UntrustedKeyException(null);
        }
        Fingerprint seen = Fingerprint.of(chain[0].getPublicKey());
        if (!trusted.contains(seen)) {
            throw new UntrustedKeyException(seen);
        }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        check(chain);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        check(chain);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        check(chain);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[0];
    }
}
