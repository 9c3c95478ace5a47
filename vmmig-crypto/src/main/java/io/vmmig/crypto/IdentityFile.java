// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.EnumSet;
import java.util.Set;
import java.util.UUID;

/** The one file that holds key and certificate: one, so that no crash can leave a key with another key's certificate. */
final class IdentityFile {
    private static final String NAME = "identity.pem";
    private static final String KEY = "PRIVATE KEY";
    private static final String CERTIFICATE = "CERTIFICATE";
    private static final long SANE_BYTES = 64 * 1024;
    private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY_DIRECTORY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    private final Path directory;
    private final Path file;

    IdentityFile(Path directory) {
        this.directory = directory;
        this.file = directory.resolve(NAME);
    }

    HostIdentity loadOrCreate() throws IOException, GeneralSecurityException {
        createDirectory();
        checkWritableByOwnerOnly(directory);
        if (!Files.exists(file)) {
            publish(encode(SelfSigned.create()));
        }
        return load();
    }

    private void createDirectory() throws IOException {
        Path parent = directory.toAbsolutePath().getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        try {
            Files.createDirectory(directory, OWNER_ONLY_DIRECTORY);
        } catch (FileAlreadyExistsException e) {
            if (!Files.isDirectory(directory)) {
                throw e;
            }
        }
    }

    private void publish(byte[] content) throws IOException {
        Path beside = directory.resolve(NAME + "." + UUID.randomUUID() + ".part");
        try {
            try (FileChannel out = FileChannel.open(
                    beside, EnumSet.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW), OWNER_ONLY)) {
                ByteBuffer bytes = ByteBuffer.wrap(content);
                while (bytes.hasRemaining()) {
                    out.write(bytes);
                }
                out.force(true);
            }
            // A link, since a move would replace what another process has published (and perhaps shown) meanwhile.
            Files.createLink(file, beside);
            try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
                names.force(true);
            }
        } catch (FileAlreadyExistsException e) {
            if (!Files.exists(file)) {
                throw e;
            }
        } finally {
            Files.deleteIfExists(beside);
        }
    }

    private HostIdentity load() throws IOException, GeneralSecurityException {
        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
        permissions.removeAll(PosixFilePermissions.fromString("rwx------"));
        if (!permissions.isEmpty()) {
            throw new IOException(file + " can be read or written by other users (chmod 600 if nobody has)");
        }
        if (Files.size(file) > SANE_BYTES) {
            throw new IOException(file + " is too large for an identity");
        }
        String pem = Files.readString(file, StandardCharsets.US_ASCII);
        X509Certificate certificate = (X509Certificate) CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(section(pem, CERTIFICATE)));
        PrivateKey key = KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(section(pem, KEY)));
        checkPair(key, certificate);
        return new HostIdentity(key, certificate);
    }

    private void checkPair(PrivateKey key, X509Certificate certificate) throws IOException, GeneralSecurityException {
        byte[] probe = MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded());
        Signature signature = Signature.getInstance("SHA256withECDSA");
        signature.initSign(key);
        signature.update(probe);
        byte[] signed = signature.sign();
        signature.initVerify(certificate.getPublicKey());
        signature.update(probe);
        if (!signature.verify(signed)) {
            throw new IOException(file + " holds a key and a certificate that do not belong together");
        }
    }

    private static void checkWritableByOwnerOnly(Path path) throws IOException {
        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(path);
        if (permissions.contains(PosixFilePermission.GROUP_WRITE)
                || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
            throw new IOException(path + " can be written by other users");
        }
    }

    private static byte[] encode(HostIdentity identity) throws GeneralSecurityException {
        return (armour(KEY, identity.privateKey().getEncoded())
                        + armour(CERTIFICATE, identity.certificate().getEncoded()))
                .getBytes(StandardCharsets.US_ASCII);
    }

    private static String armour(String label, byte[] der) {
        String body = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
        return "-----BEGIN " + label + "-----\n" + body + "\n-----END " + label + "-----\n";
    }

    private byte[] section(String pem, String label) throws IOException {
        String begin = "-----BEGIN " + label + "-----";
        int from = pem.indexOf(begin);
        int to = pem.indexOf("-----END " + label + "-----");
        if (from < 0 || to < from) {
            throw new NoSuchFileException(file.toString(), null, "no " + label + " in it");
        }
        try {
            return Base64.getMimeDecoder().decode(pem.substring(from + begin.length(), to));
        } catch (IllegalArgumentException e) {
            throw new IOException(file + " is damaged", e);
        }
    }
}
