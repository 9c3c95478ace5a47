// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.content.Digest;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/** Trusts servers by their very certificate. Extended, or the JDK would look at names as well. */
final class PinnedCertificates extends X509ExtendedTrustManager {
    private final Set<Digest> pins;

    private PinnedCertificates(Set<Digest> pins) {
        this.pins = pins;
    }

    static SSLContext context(Set<String> certificates) {
        if (certificates.isEmpty()) {
            throw new IllegalArgumentException("no certificate was named, so none would be trusted");
        }
        Set<Digest> pins = certificates.stream()
                .map(hex -> new Digest(hex.replace(":", "").toLowerCase(Locale.ROOT)))
                .collect(Collectors.toSet());
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {new PinnedCertificates(pins)}, null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new AssertionError("every JDK has TLS", e);
        }
    }

    private void check(X509Certificate[] chain) throws CertificateException {
        Digest shown = Digest.of(chain[0].getEncoded());
        if (!pins.contains(shown)) {
            throw new CertificateException(
                    "the server shows the certificate " + shown + ", which is none of the pinned");
        }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
        check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        check(chain);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
        throw new CertificateException("this is for servers");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        throw new CertificateException("this is for servers");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        throw new CertificateException("this is for servers");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[0];
    }
}
