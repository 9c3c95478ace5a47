// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.util.Arrays;
import java.util.Date;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** Creates TLS keys and their certificates. */
final class SelfSigned {
    // Fixed, so that a host with a wrong clock creates a certificate that is valid for others.
    private static final Date NOT_BEFORE = Date.from(Instant.parse("2020-01-01T00:00:00Z"));
    // RFC 5280, 4.1.2.5: no well-defined expiration date.
    private static final Date NOT_AFTER = Date.from(Instant.parse("9999-12-31T23:59:59Z"));
    private static final X500Name NAME = new X500Name("CN=vmmig");

    private SelfSigned() {}

    /** A TLS key for a host that has the other two. */
    static KeySet create(byte[] signingSeed, AgeIdentity sealing) throws GeneralSecurityException {
        return create(signingSeed, sealing, NOT_BEFORE, NOT_AFTER);
    }

    static KeySet create(byte[] signingSeed, AgeIdentity sealing, Date notBefore, Date notAfter)
            throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        KeyPair pair = generator.generateKeyPair();
        BigInteger serial = new BigInteger(127, new SecureRandom()).add(BigInteger.ONE);
        X509v3CertificateBuilder builder =
                new JcaX509v3CertificateBuilder(NAME, serial, notBefore, notAfter, NAME, pair.getPublic());
        try {
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
            builder.addExtension(
                    new ASN1ObjectIdentifier(NodeKeys.EXTENSION), false, otherKeys(signingSeed, sealing.recipient()));
            X509Certificate certificate = new JcaX509CertificateConverter()
                    .getCertificate(
                            builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(pair.getPrivate())));
            return new KeySet(signingSeed, sealing, pair.getPrivate(), certificate);
        } catch (IOException | OperatorCreationException e) {
            throw new GeneralSecurityException(e);
        }
    }

    private static DEROctetString otherKeys(byte[] signingSeed, AgeRecipient sealing) {
        byte[] keys = Arrays.copyOf(KeySet.signerOf(signingSeed).raw(), SignerKey.BYTES + AgeRecipient.BYTES);
        System.arraycopy(sealing.publicKey(), 0, keys, SignerKey.BYTES, AgeRecipient.BYTES);
        return new DEROctetString(keys);
    }
}
