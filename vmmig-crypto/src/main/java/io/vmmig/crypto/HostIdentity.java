// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import io.vmmig.Problem;
import io.vmmig.TransportException;
import io.vmmig.VmmigException;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;

/**
 * Who this host is: a key pair that it made for itself, and a certificate that carries the public half. Immutable and
 * thread-safe.
 */
public final class HostIdentity {
    private final PrivateKey privateKey;
    private final X509Certificate certificate;
    private final Fingerprint fingerprint;

    HostIdentity(PrivateKey privateKey, X509Certificate certificate) {
        this.privateKey = privateKey;
        this.certificate = certificate;
        this.fingerprint = Fingerprint.of(certificate.getPublicKey());
    }

    /**
     * The identity that is kept in {@code directory}; the first call makes it. The directory is created as needed, for its
     * owner only. Any number of threads and processes may call this at once, and all get the same identity.
     *
     * @throws VmmigException with {@link Problem#FILE_FAILED} when the identity cannot be read or written, is damaged, or
     *     could be read by other users
     */
    public static HostIdentity in(Path directory) throws VmmigException {
        try {
            return new IdentityFile(directory).loadOrCreate();
        } catch (IOException | GeneralSecurityException e) {
            throw new TransportException(
                    Problem.FILE_FAILED,
                    "the identity of this host in " + directory + " cannot be used: " + e.getMessage(),
                    "Check that the directory belongs to this user and that nobody else can read it.",
                    e);
        }
    }

    /** What other hosts know this one by. */
    public Fingerprint fingerprint() {
        return fingerprint;
    }

    X509Certificate certificate() {
        return certificate;
    }

    PrivateKey privateKey() {
        return privateKey;
    }

    /** The fingerprint, and nothing secret. */
    @Override
    public String toString() {
        return "HostIdentity[" + fingerprint + "]";
    }
}
