// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import io.vmmig.content.Digest;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * The public keys of a host, for its signatures, for what is sealed for it, and for its TLS connections. {@link #fingerprint}
 * covers all three. Immutable and thread-safe.
 */
public final class NodeKeys {
    /**
     * The certificate extension with the other two keys, so that a TLS peer shows all three. The OID is derived from a UUID
     * (X.667), which needs no registration.
     */
    static final String EXTENSION = "2.25.211110828958365579076113381451732924425";

    static final int MAX_TLS_BYTES = 1024;
    private static final byte[] EXTENSION_START = {4, 66, 4, 64};
    private static final byte[] FINGERPRINT_START = "vmmig node keys 1\n".getBytes(StandardCharsets.US_ASCII);

    private final SignerKey signing;
    private final AgeRecipient sealing;
    private final byte[] tls;
    private final Fingerprint fingerprint;

    NodeKeys(SignerKey signing, AgeRecipient sealing, byte[] tls) {
        if (tls.length == 0 || tls.length > MAX_TLS_BYTES) {
            throw new IllegalArgumentException("a TLS key has 1 to " + MAX_TLS_BYTES + " bytes");
        }
        this.signing = signing;
        this.sealing = sealing;
        this.tls = tls.clone();
        MessageDigest sha256 = Digest.newSha256();
        sha256.update(FINGERPRINT_START);
        sha256.update(signing.raw());
        sha256.update(sealing.publicKey());
        this.fingerprint = new Fingerprint(HexFormat.of().formatHex(sha256.digest(tls)));
    }

    /**
     * The keys of the host that presents {@code certificate}. The handshake proves that it has the secret TLS key; the
     * fingerprint shows which host it is.
     *
     * @throws CertificateException when it is not the certificate of a vmmig host
     */
    public static NodeKeys of(X509Certificate certificate) throws CertificateException {
        byte[] extension = certificate.getExtensionValue(EXTENSION);
        int start = EXTENSION_START.length;
        if (extension == null
                || extension.length != start + SignerKey.BYTES + AgeRecipient.BYTES
                || !Arrays.equals(extension, 0, start, EXTENSION_START, 0, start)) {
            throw new CertificateException("it is not the certificate of a vmmig host");
        }
        int middle = start + SignerKey.BYTES;
        try {
            return new NodeKeys(
                    SignerKey.of(Arrays.copyOfRange(extension, start, middle)),
                    AgeRecipient.of(Arrays.copyOfRange(extension, middle, extension.length)),
                    certificate.getPublicKey().getEncoded());
        } catch (IllegalArgumentException e) {
            throw new CertificateException("the certificate of the host contains an invalid key", e);
        }
    }

    /** The host's signing key. */
    public SignerKey signing() {
        return signing;
    }

    /** The recipient for sealing to the host. */
    public AgeRecipient sealing() {
        return sealing;
    }

    /** The key of its certificates: a SubjectPublicKeyInfo in DER. A new array each time. */
    public byte[] tls() {
        return tls.clone();
    }

    /** The host's fingerprint. */
    public Fingerprint fingerprint() {
        return fingerprint;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof NodeKeys that && fingerprint.equals(that.fingerprint);
    }

    @Override
    public int hashCode() {
        return fingerprint.hashCode();
    }

    /** The fingerprint. */
    @Override
    public String toString() {
        return "NodeKeys[" + fingerprint + "]";
    }
}
