// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.crypto.HostIdentity;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;

/** A host to which somebody has given a certificate with an end, which has passed. */
final class Expired {
    private static final String OTHER_KEYS = "2.25.211110828958365579076113381451732924425";
    private static final String PASSWORD = "secret";

    private Expired() {}

    static HostIdentity in(Path directory) throws Exception {
        HostIdentity.in(directory);
        Path file = directory.resolve("identity");
        String identity = Files.readString(file);
        X509Certificate endless = (X509Certificate) CertificateFactory.getInstance("X.509")
                .generateCertificate(
                        new ByteArrayInputStream(Base64.getUrlDecoder().decode(line(identity, "certificate: "))));
        byte[] wrapped = endless.getExtensionValue(OTHER_KEYS);
        KeyStore made = make(directory.resolve("made.p12"), Arrays.copyOfRange(wrapped, 2, wrapped.length));
        byte[] key = made.getKey("vmmig", PASSWORD.toCharArray()).getEncoded();
        Files.writeString(
                file,
                identity.replace(line(identity, "tls: "), base64(key))
                        .replace(
                                line(identity, "certificate: "),
                                base64(made.getCertificate("vmmig").getEncoded())));
        return HostIdentity.in(directory);
    }

    private static KeyStore make(Path store, byte[] otherKeys) throws Exception {
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-keyalg",
                        "EC",
                        "-groupname",
                        "secp256r1",
                        "-dname",
                        "CN=vmmig",
                        "-startdate",
                        "-10d",
                        "-validity",
                        "9",
                        "-ext",
                        OTHER_KEYS + "=" + HexFormat.of().formatHex(otherKeys),
                        "-alias",
                        "vmmig",
                        "-keystore",
                        store.toString(),
                        "-storetype",
                        "PKCS12",
                        "-storepass",
                        PASSWORD)
                .redirectErrorStream(true)
                .start();
        String output = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(keytool.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(keytool.exitValue()).as(output).isZero();
        KeyStore made = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            made.load(in, PASSWORD.toCharArray());
        }
        return made;
    }

    private static String line(String identity, String label) {
        return identity.lines()
                .filter(line -> line.startsWith(label))
                .findFirst()
                .orElseThrow()
                .substring(label.length());
    }

    private static String base64(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}
