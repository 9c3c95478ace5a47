// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import java.math.BigInteger;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.util.Date;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** A certificate as anybody makes one. */
final class PlainCertificate {
    private PlainCertificate() {}

    static X509Certificate of(KeyPair pair) throws Exception {
        X500Name name = new X500Name("CN=somebody");
        return new JcaX509CertificateConverter()
                .getCertificate(new JcaX509v3CertificateBuilder(
                                name,
                                BigInteger.ONE,
                                new Date(0),
                                new Date(Long.MAX_VALUE / 100_000),
                                name,
                                pair.getPublic())
                        .build(new JcaContentSignerBuilder("SHA256withECDSA").build(pair.getPrivate())));
    }
}
