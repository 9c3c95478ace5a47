// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto.age;

import io.vmmig.error.VmmigException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.bouncycastle.crypto.generators.SCrypt;
import org.jspecify.annotations.Nullable;

/** The file key, wrapped under a passphrase. It must be the only stanza of its header. */
public final class ScryptStanza {
    private static final String TYPE = "scrypt";
    private static final String LABEL = "age-encryption.org/v1/scrypt";
    private static final Pattern WORK_FACTOR = Pattern.compile("[1-9][0-9]?");
    /** The value that the {@code age} command writes; needs 256 MiB of memory. */
    private static final int MAX_WORK_FACTOR = 18;

    private static final int SALT_BYTES = 16;
    private static final int KEY_BYTES = 32;
    private static final int BLOCK_SIZE = 8;
    private static final SecureRandom RANDOM = new SecureRandom();

    private ScryptStanza() {}

    /** Wraps {@code fileKey}; needs 2 to the power of {@code workFactor} KiB of memory. */
    public static Stanza wrap(char[] passphrase, int workFactor, byte[] fileKey) {
        byte[] salt = new byte[SALT_BYTES];
        RANDOM.nextBytes(salt);
        byte[] key = wrapKey(passphrase, salt, workFactor);
        Stanza stanza = new Stanza(
                List.of(TYPE, Base64Text.encode(salt), Integer.toString(workFactor)), Wrap.seal(key, fileKey));
        Arrays.fill(key, (byte) 0);
        return stanza;
    }

    /** Whether a header with {@code stanzas} needs a passphrase. */
    public static boolean isIn(List<Stanza> stanzas) throws VmmigException {
        boolean found = stanzas.stream().anyMatch(stanza -> stanza.type().equals(TYPE));
        if (found && stanzas.size() > 1) {
            throw AgeErrors.malformed("a passphrase is not alone in it");
        }
        return found;
    }

    /** The file key, or null if the passphrase is wrong. */
    public static byte @Nullable [] unwrap(Stanza stanza, char[] passphrase) throws VmmigException {
        if (stanza.words().size() != 3) {
            throw AgeErrors.malformed("its passphrase has the wrong number of arguments");
        }
        if (stanza.body().length != Wrap.BODY_BYTES) {
            throw AgeErrors.malformed("its passphrase has a body of the wrong length");
        }
        byte[] salt = Base64Text.decode(stanza.words().get(1), SALT_BYTES, "the salt of its passphrase");
        String factor = stanza.words().get(2);
        if (!WORK_FACTOR.matcher(factor).matches() || Integer.parseInt(factor) > MAX_WORK_FACTOR) {
            throw AgeErrors.malformed("the work factor of its passphrase is invalid, or above " + MAX_WORK_FACTOR);
        }
        byte[] key = wrapKey(passphrase, salt, Integer.parseInt(factor));
        byte[] fileKey = Wrap.open(key, stanza.body());
        Arrays.fill(key, (byte) 0);
        return fileKey;
    }

    private static byte[] wrapKey(char[] passphrase, byte[] salt, int workFactor) {
        byte[] label = LABEL.getBytes(StandardCharsets.US_ASCII);
        byte[] labelled = Arrays.copyOf(label, label.length + SALT_BYTES);
        System.arraycopy(salt, 0, labelled, label.length, SALT_BYTES);
        ByteBuffer encoded = StandardCharsets.UTF_8.encode(CharBuffer.wrap(passphrase));
        byte[] secret = Arrays.copyOf(encoded.array(), encoded.limit());
        try {
            return SCrypt.generate(secret, labelled, 1 << workFactor, BLOCK_SIZE, 1, KEY_BYTES);
        } finally {
            Arrays.fill(secret, (byte) 0);
            Arrays.fill(encoded.array(), (byte) 0);
        }
    }
}
