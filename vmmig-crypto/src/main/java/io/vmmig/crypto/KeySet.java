// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.security.spec.EdECPrivateKeySpec;
import java.security.spec.NamedParameterSpec;
import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;

/** The three secret keys of a host, and the certificate with their public keys. */
final class KeySet {
    private static final int SEED_BYTES = 32;

    private final byte[] signingSeed;
    private final PrivateKey signing;
    private final AgeIdentity sealing;
    private final PrivateKey tls;
    private final X509Certificate certificate;
    private final NodeKeys publicKeys;

    /** Checks that all of them belong together. */
    KeySet(byte[] signingSeed, AgeIdentity sealing, PrivateKey tls, X509Certificate certificate)
            throws GeneralSecurityException {
        this.signingSeed = signingSeed.clone();
        this.signing = KeyFactory.getInstance("Ed25519")
                .generatePrivate(new EdECPrivateKeySpec(NamedParameterSpec.ED25519, this.signingSeed));
        this.sealing = sealing;
        this.tls = tls;
        this.certificate = certificate;
        this.publicKeys = new NodeKeys(
                signerOf(signingSeed),
                sealing.recipient(),
                certificate.getPublicKey().getEncoded());
        if (!NodeKeys.of(certificate).equals(publicKeys) || !isPair(tls, certificate)) {
            throw new GeneralSecurityException("keys and certificate do not belong together");
        }
    }

    static KeySet create() throws GeneralSecurityException {
        byte[] seed = new byte[SEED_BYTES];
        new SecureRandom().nextBytes(seed);
        return SelfSigned.create(seed, AgeIdentity.generate());
    }

    static SignerKey signerOf(byte[] signingSeed) {
        return SignerKey.of(new Ed25519PrivateKeyParameters(signingSeed, 0)
                .generatePublicKey()
                .getEncoded());
    }

    private static boolean isPair(PrivateKey key, X509Certificate certificate) throws GeneralSecurityException {
        byte[] probe = MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded());
        Signature signature = Signature.getInstance("SHA256withECDSA");
        signature.initSign(key);
        signature.update(probe);
        byte[] signed = signature.sign();
        signature.initVerify(certificate.getPublicKey());
        signature.update(probe);
        return signature.verify(signed);
    }

    byte[] signature(byte[] message) {
        try {
            Signature signer = Signature.getInstance("Ed25519");
            signer.initSign(signing);
            signer.update(message);
            return signer.sign();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK cannot do Ed25519", e);
        }
    }

    NodeKeys publicKeys() {
        return publicKeys;
    }

    byte[] signingSeed() {
        return signingSeed.clone();
    }

    AgeIdentity sealing() {
        return sealing;
    }

    PrivateKey tls() {
        return tls;
    }

    X509Certificate certificate() {
        return certificate;
    }
}
