// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import java.security.cert.CertificateException;
import org.jspecify.annotations.Nullable;

/** A peer showed keys that are not trusted, or none; found among the causes of a failed TLS handshake. */
public final class UntrustedKeyException extends CertificateException {
    private static final long serialVersionUID = 1;

    private final transient @Nullable Fingerprint seen;

    UntrustedKeyException(Fingerprint seen) {
        super("the host with the fingerprint " + seen + " is not trusted");
        this.seen = seen;
    }

    UntrustedKeyException(String why, @Nullable Throwable cause) {
        super(why, cause);
        this.seen = null;
    }

    /** The fingerprint that the peer showed; null when it showed none, or after serialization. */
    public @Nullable Fingerprint seen() {
        return seen;
    }
}
