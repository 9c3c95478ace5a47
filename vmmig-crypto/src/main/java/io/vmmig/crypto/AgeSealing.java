// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import io.vmmig.crypto.age.AgeErrors;
import io.vmmig.crypto.age.FileKey;
import io.vmmig.crypto.age.Header;
import io.vmmig.crypto.age.HeaderInput;
import io.vmmig.crypto.age.PayloadCipher;
import io.vmmig.crypto.age.ScryptStanza;
import io.vmmig.crypto.age.Stanza;
import io.vmmig.crypto.age.X25519Stanza;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/**
 * Encrypts a stream in the age format (age-encryption.org/v1, without armour; {@code age -r} writes it and {@code age -d} reads
 * it). Only its recipients can read it, and every change is detected. Streams of any length pass in constant memory, 64 KiB at a
 * time. Sealing does not say who did it; a signature does.
 */
public final class AgeSealing {
    /** The maximum number of recipients. */
    public static final int MAX_RECIPIENTS = Header.MAX_STANZAS;

    /** The first line, and the beginning of the next, give or take some bytes. */
    private static final int SECOND_LINE_WITHIN = 64;

    private static final byte[] BEGINNING = "age-encryption.org/".getBytes(StandardCharsets.US_ASCII);

    private AgeSealing() {}

    /**
     * Encrypts for {@code recipients}, each of whom can decrypt all of it.
     *
     * @param to receives the encrypted bytes; is not closed
     * @throws IllegalArgumentException when there are no recipients, or more than {@link #MAX_RECIPIENTS}
     * @throws IOException when {@code to} fails
     */
    public static SealingOutputStream seal(OutputStream to, Collection<AgeRecipient> recipients) throws IOException {
        Set<AgeRecipient> each = Set.copyOf(recipients);
        if (each.isEmpty() || each.size() > MAX_RECIPIENTS) {
            throw new IllegalArgumentException("to seal takes 1 to " + MAX_RECIPIENTS + " recipients");
        }
        return begin(to, fileKey -> each.stream()
                .map(recipient -> X25519Stanza.wrap(recipient.publicKey(), fileKey))
                .toList());
    }

    /**
     * Decrypts what was sealed for one of {@code identities}. Reads the header at once, and the rest as the result is read.
     *
     * <p>All bytes that the result returns are authentic and in order; but they are complete only if the stream has ended without
     * an exception. A read that fails throws an {@link IOException} whose cause is a {@link VmmigException} with one of the
     * problems below; later reads fail as well.
     *
     * @param from the encrypted bytes, up to their end; is not closed
     * @return the decrypted bytes, for one thread
     * @throws VmmigException with {@link Problem#SEAL_NOT_FOR_US} when no identity can decrypt it, {@link Problem#SEAL_MALFORMED}
     *     when it is not in the age format, {@link Problem#SEAL_TRUNCATED} when it ends too early, or {@link Problem#SEAL_BROKEN}
     *     when it was changed
     * @throws IOException when {@code from} fails
     */
    public static InputStream open(InputStream from, Collection<AgeIdentity> identities)
            throws IOException, VmmigException {
        List<AgeIdentity> each = List.copyOf(identities);
        return begin(from, stanzas -> unwrap(stanzas, each));
    }

    /**
     * Whether a stream begins with the header that only sealed packages have.
     *
     * @param stream must support marks; its position does not change
     * @throws IOException when {@code stream} fails
     */
    public static boolean begins(InputStream stream) throws IOException {
        stream.mark(BEGINNING.length);
        byte[] start = stream.readNBytes(BEGINNING.length);
        stream.reset();
        return Arrays.equals(start, BEGINNING);
    }

    /**
     * Whether a stream without that header is a sealed one nevertheless, because its second line follows.
     *
     * @param stream must support marks; its position does not change
     * @throws IOException when {@code stream} fails
     */
    public static boolean beginsDamaged(InputStream stream) throws IOException {
        stream.mark(SECOND_LINE_WITHIN);
        byte[] start = stream.readNBytes(SECOND_LINE_WITHIN);
        stream.reset();
        return new String(start, StandardCharsets.ISO_8859_1).contains("-> ");
    }

    /** Encrypts under {@code passphrase}. */
    static SealingOutputStream seal(OutputStream to, char[] passphrase, int workFactor) throws IOException {
        return begin(to, fileKey -> List.of(ScryptStanza.wrap(passphrase, workFactor, fileKey)));
    }

    /** Decrypts what was sealed under {@code passphrase}. */
    static InputStream open(InputStream from, char[] passphrase) throws IOException, VmmigException {
        return begin(from, stanzas -> {
            if (!ScryptStanza.isIn(stanzas)) {
                throw AgeErrors.notForUs("it is sealed for a key, and not under a passphrase");
            }
            byte[] fileKey = ScryptStanza.unwrap(stanzas.get(0), passphrase);
            if (fileKey == null) {
                throw AgeErrors.notForUs("the passphrase is wrong");
            }
            return fileKey;
        });
    }

    private interface Wrapping {
        List<Stanza> wrap(byte[] fileKey);
    }

    private interface Unwrapping {
        byte[] unwrap(List<Stanza> stanzas) throws VmmigException;
    }

    private static SealingOutputStream begin(OutputStream to, Wrapping wrapping) throws IOException {
        byte[] fileKey = FileKey.make();
        try {
            to.write(Header.encode(wrapping.wrap(fileKey), fileKey));
            byte[] nonce = FileKey.makeNonce();
            to.write(nonce);
            return new SealingOutputStream(to, new PayloadCipher(fileKey, nonce));
        } finally {
            Arrays.fill(fileKey, (byte) 0);
        }
    }

    private static InputStream begin(InputStream from, Unwrapping unwrapping) throws IOException, VmmigException {
        HeaderInput in = new HeaderInput(from);
        Header header = Header.read(in);
        byte[] fileKey = unwrapping.unwrap(header.stanzas());
        try {
            header.verify(fileKey);
            byte[] nonce = new byte[FileKey.NONCE_BYTES];
            if (in.read(nonce, 0, nonce.length) < nonce.length) {
                throw AgeErrors.truncated("right behind its header");
            }
            return new OpeningInputStream(in, new PayloadCipher(fileKey, nonce));
        } finally {
            Arrays.fill(fileKey, (byte) 0);
        }
    }

    private static byte[] unwrap(List<Stanza> stanzas, List<AgeIdentity> identities) throws VmmigException {
        if (ScryptStanza.isIn(stanzas)) {
            throw AgeErrors.notForUs("it is sealed under a passphrase, and not for a key");
        }
        for (Stanza stanza : stanzas) {
            X25519Stanza.check(stanza);
        }
        for (AgeIdentity identity : identities) {
            for (Stanza stanza : stanzas) {
                byte[] fileKey = X25519Stanza.unwrap(
                        stanza, identity.secret(), identity.recipient().publicKey());
                if (fileKey != null) {
                    return fileKey;
                }
            }
        }
        throw AgeErrors.notForUs("it is sealed for somebody else, or with a key that this host does not have");
    }
}
