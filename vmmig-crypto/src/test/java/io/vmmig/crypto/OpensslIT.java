// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.content.Digest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What we sign, OpenSSL verifies. */
class OpensslIT {
    private static final String[] VERIFY = {
        "openssl",
        "pkeyutl",
        "-verify",
        "-rawin",
        "-pubin",
        "-keyform",
        "DER",
        "-inkey",
        "key",
        "-in",
        "signed",
        "-sigfile",
        "signature"
    };

    @TempDir
    Path temp;

    @Test
    void opensslVerifiesALinkOfTheProvenance() throws Exception {
        HostIdentity host = HostIdentity.in(temp.resolve("id"));
        Provenance provenance = Provenance.none()
                .signedBy(host, UUID.randomUUID(), new Digest("ab".repeat(32)), null, List.of(), List.of("renamed"));
        String jws = provenance.links().get(0);
        int dot = jws.lastIndexOf('.');
        write(host, jws.substring(0, dot), jws.substring(dot + 1));

        assertThat(Commands.run(0, temp, VERIFY)).contains("Signature Verified Successfully");
        Files.writeString(temp.resolve("signed"), jws.substring(0, dot - 1) + "A");
        assertThat(Commands.run(1, temp, VERIFY)).contains("Signature Verification Failure");
    }

    @Test
    void opensslVerifiesANodeCard() throws Exception {
        HostIdentity host = HostIdentity.in(temp.resolve("id"));
        String card = host.card("alpha").text();
        int last = card.indexOf("signature: ");
        write(
                host,
                card.substring(0, last),
                card.substring(last + "signature: ".length()).strip());

        assertThat(Commands.run(0, temp, VERIFY)).contains("Signature Verified Successfully");
    }

    @Test
    void opensslSeesTheCertificateAsItIs() throws Exception {
        HostIdentity host = HostIdentity.in(temp.resolve("id"));
        Files.write(temp.resolve("certificate"), host.certificate().getEncoded());

        assertThat(Commands.run(0, temp, "openssl", "x509", "-inform", "DER", "-in", "certificate", "-noout", "-text"))
                .contains(NodeKeys.EXTENSION, "prime256v1", "9999");
    }

    private void write(HostIdentity host, String signed, String signature) throws Exception {
        Files.write(temp.resolve("key"), host.keys().signing().encoded());
        Files.write(temp.resolve("signed"), signed.getBytes(StandardCharsets.US_ASCII));
        Files.write(temp.resolve("signature"), Base64Url.decode(signature));
    }
}
