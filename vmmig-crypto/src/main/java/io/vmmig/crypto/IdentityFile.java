// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import io.vmmig.error.VmmigException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The file with all keys of a host: a single file, so that no crash can leave a key with another key's certificate. Under a
 * passphrase it is an age file, which {@code age -d} decrypts.
 */
final class IdentityFile {
    static final String NAME = "identity";

    private static final String OLD_NAME = "identity.pem";
    private static final int MAX_BYTES = 128 << 10;
    /** 64 MiB of memory and a quarter of a second: some hosts have a heap of 256 MiB only. */
    private static final int WORK_FACTOR = 16;

    private static final String VERSION = "vmmig identity 1";
    private static final String SEALED = "age-encryption.org/";
    private static final String SIGNING = "signing: ";
    private static final String SEALING = "sealing: ";
    private static final String TLS = "tls: ";
    private static final String CERTIFICATE = "certificate: ";
    private static final String FORMER = "former: ";
    private static final String SUCCESSION = "succession: ";

    private final OwnerOnlyDirectory directory;
    private final char @Nullable [] passphrase;

    /** Under {@code passphrase}, unless that is null. */
    IdentityFile(OwnerOnlyDirectory directory, char @Nullable [] passphrase) {
        this.directory = directory;
        this.passphrase = passphrase;
    }

    HostIdentity loadOrCreate() throws IOException, GeneralSecurityException {
        if (!directory.has(NAME)) {
            if (directory.has(OLD_NAME)) {
                throw new IOException(directory.path().resolve(OLD_NAME)
                        + " is of an earlier vmmig and holds a TLS key only; move it away to let this host make new keys,"
                        + " and give the new fingerprint to the others");
            }
            directory.publish(NAME, encode(HostIdentity.create()));
        }
        return load();
    }

    /** @param end the first day on which signatures by the current key are no longer valid */
    HostIdentity rotate(LocalDate end) throws IOException {
        return directory.locked(() -> {
            try {
                HostIdentity now = load();
                if (now.successions().size() >= KeySuccession.MAX) {
                    throw new IOException("its keys have been renewed " + KeySuccession.MAX
                            + " times; make a new identity, and let the other hosts add it");
                }
                HostIdentity next = now.successor(end);
                directory.replace(NAME, encode(next));
                return next;
            } catch (GeneralSecurityException e) {
                throw new IOException(e.getMessage(), e);
            }
        });
    }

    private HostIdentity load() throws IOException, GeneralSecurityException {
        byte[] content = directory.read(NAME, MAX_BYTES);
        byte[] text = unlock(content);
        try {
            return decode(Lines.of(text));
        } catch (IllegalArgumentException e) {
            throw new IOException(directory.path().resolve(NAME) + " is damaged: " + e.getMessage(), e);
        } finally {
            Arrays.fill(text, (byte) 0);
        }
    }

    private byte[] unlock(byte[] content) throws IOException {
        byte[] start = SEALED.getBytes(StandardCharsets.US_ASCII);
        boolean locked =
                content.length >= start.length && Arrays.equals(content, 0, start.length, start, 0, start.length);
        char[] known = passphrase;
        if (!locked) {
            if (known != null) {
                throw new IOException(directory.path().resolve(NAME) + " is not under a passphrase");
            }
            return content;
        }
        if (known == null) {
            throw new IOException(directory.path().resolve(NAME) + " is under a passphrase, which is needed");
        }
        try {
            return AgeSealing.open(new ByteArrayInputStream(content), known).readAllBytes();
        } catch (VmmigException e) {
            throw new IOException(
                    directory.path().resolve(NAME) + " does not open: "
                            + e.failure().what(),
                    e);
        }
    }

    byte[] encode(HostIdentity identity) throws IOException, GeneralSecurityException {
        KeySet keys = identity.keySet();
        StringBuilder text = new StringBuilder(VERSION).append('\n');
        line(text, SIGNING, Base64Url.encode(keys.signingSeed()));
        line(text, SEALING, keys.sealing().secretText());
        line(text, TLS, Base64Url.encode(keys.tls().getEncoded()));
        line(text, CERTIFICATE, Base64Url.encode(keys.certificate().getEncoded()));
        for (HostIdentity.PreviousKeys previous : identity.previous()) {
            line(
                    text,
                    FORMER,
                    previous.fingerprint().hex() + " " + previous.sealing().secretText());
        }
        for (KeySuccession succession : identity.successions()) {
            line(text, SUCCESSION, succession.toString());
        }
        byte[] plain = text.toString().getBytes(StandardCharsets.US_ASCII);
        char[] known = passphrase;
        if (known == null) {
            return plain;
        }
        ByteArrayOutputStream sealed = new ByteArrayOutputStream();
        try (SealingOutputStream out = AgeSealing.seal(sealed, known, WORK_FACTOR)) {
            out.write(plain);
            out.finish();
        } finally {
            Arrays.fill(plain, (byte) 0);
        }
        return sealed.toByteArray();
    }

    private static void line(StringBuilder text, String label, String value) {
        text.append(label).append(value).append('\n');
    }

    private static HostIdentity decode(Lines lines) throws GeneralSecurityException {
        if (!lines.require(VERSION).isEmpty()) {
            throw new IllegalArgumentException("it is of another version of vmmig");
        }
        byte[] signingSeed = Base64Url.decode(lines.require(SIGNING), SignerKey.BYTES);
        AgeIdentity sealing = AgeIdentity.read(lines.require(SEALING));
        PrivateKey tls = KeyFactory.getInstance("EC")
                .generatePrivate(new PKCS8EncodedKeySpec(Base64Url.decode(lines.require(TLS))));
        X509Certificate certificate = (X509Certificate) CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(Base64Url.decode(lines.require(CERTIFICATE))));
        List<HostIdentity.PreviousKeys> previous = new ArrayList<>();
        while (lines.startsWith(FORMER)) {
            String[] words = lines.require(FORMER).split(" ", 2);
            if (words.length != 2) {
                throw new IllegalArgumentException("a former key has two parts");
            }
            previous.add(new HostIdentity.PreviousKeys(new Fingerprint(words[0]), AgeIdentity.read(words[1])));
        }
        List<KeySuccession> successions = new ArrayList<>();
        while (lines.startsWith(SUCCESSION)) {
            successions.add(KeySuccession.parse(lines.require(SUCCESSION)));
        }
        lines.requireEnd();
        return new HostIdentity(new KeySet(signingSeed, sealing, tls, certificate), previous, successions);
    }
}
