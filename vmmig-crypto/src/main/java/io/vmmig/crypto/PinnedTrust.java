// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import io.vmmig.error.VmmigException;
import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Trusts keys and ignores names and issuers, since the fingerprint says more. Validity dates count, so that a certificate can
 * expire. The handshake itself proves that the peer holds the private key.
 */
final class PinnedTrust extends X509ExtendedTrustManager {
    private final TrustedNodes trusted;

    PinnedTrust(TrustedNodes trusted) {
        this.trusted = trusted;
    }

    private void check(X509Certificate @Nullable [] chain) throws CertificateException {
        if (chain == null || chain.length == 0) {
            throw new UntrustedKeyException("the peer showed no certificate", null);
        }
        Fingerprint seen;
        try {
            seen = NodeKeys.of(chain[0]).fingerprint();
        } catch (CertificateException e) {
            throw new UntrustedKeyException("the peer showed no certificate of a vmmig host", e);
        }
        try {
            if (!trusted.trusts(seen)) {
                throw new UntrustedKeyException(seen);
            }
        } catch (VmmigException e) {
            throw new CertificateException("cannot determine whether the host is trusted", e);
        }
        chain[0].checkValidity();
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
