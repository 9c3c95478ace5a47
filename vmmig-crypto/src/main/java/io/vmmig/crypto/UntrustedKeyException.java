// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import java.security.cert.CertificateException;
import org.jspecify.annotations.Nullable;

/** A peer showed a key that is not among the trusted ones; found among the causes of a failed TLS handshake. */
public final class UntrustedKeyException extends CertificateException {
    private static final long serialVersionUID = 1;

    private final transient @Nullable Fingerprint seen;

    UntrustedKeyException(@Nullable Fingerprint seen) {
        super(
                seen == null
                        ? "the peer showed no certificate"
                        : "the key with the fingerprint " + seen + " is not trusted");
        this.seen = seen;
    }

    /** The fingerprint of the key that the peer showed; null when it showed none, or after serialization. */
    public @Nullable Fingerprint seen() {
        return seen;
    }
}
