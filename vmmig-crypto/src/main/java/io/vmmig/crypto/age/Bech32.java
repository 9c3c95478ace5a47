// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto.age;

import java.io.ByteArrayOutputStream;
import java.util.Locale;

/** Bech32 as in BIP 173, for the 32 bytes of a key, whose text is longer than BIP 173 allows. */
public final class Bech32 {
    private static final String ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    private static final int[] GENERATOR = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
    private static final int CHECKSUM = 6;

    private Bech32() {}

    /** In lower case. */
    public static String encode(String prefix, byte[] data) {
        byte[] values = regroup(data, 8, 5, true);
        byte[] summed = new byte[values.length + CHECKSUM];
        System.arraycopy(values, 0, summed, 0, values.length);
        int sum = checksum(prefix, summed) ^ 1;
        for (int i = 0; i < CHECKSUM; i++) {
            summed[values.length + i] = (byte) (sum >>> 5 * (CHECKSUM - 1 - i) & 31);
        }
        StringBuilder text = new StringBuilder(prefix).append('1');
        for (byte value : summed) {
            text.append(ALPHABET.charAt(value));
        }
        return text.toString();
    }

    /**
     * The {@code length} bytes after {@code prefix}, which is in lower case; {@code text} may be in upper or lower case.
     *
     * @throws IllegalArgumentException when it is anything else; the message does not quote the text
     */
    public static byte[] decode(String prefix, String text, int length) {
        int digits = (length * 8 + 4) / 5;
        if (text.length() != prefix.length() + 1 + digits + CHECKSUM) {
            throw new IllegalArgumentException("it does not have the length of a key");
        }
        String lower = text.toLowerCase(Locale.ROOT);
        if (!text.equals(lower) && !text.equals(text.toUpperCase(Locale.ROOT))) {
            throw new IllegalArgumentException("it mixes upper and lower case");
        }
        if (!lower.startsWith(prefix + "1")) {
            throw new IllegalArgumentException("it does not begin with " + prefix + "1");
        }
        byte[] values = new byte[digits + CHECKSUM];
        for (int i = 0; i < values.length; i++) {
            int value = ALPHABET.indexOf(lower.charAt(prefix.length() + 1 + i));
            if (value < 0) {
                throw new IllegalArgumentException("it contains an invalid character");
            }
            values[i] = (byte) value;
        }
        if (checksum(prefix, values) != 1) {
            throw new IllegalArgumentException("it has a typing error");
        }
        return regroup(java.util.Arrays.copyOf(values, digits), 5, 8, false);
    }

    private static int checksum(String prefix, byte[] values) {
        int sum = 1;
        for (int i = 0; i < prefix.length(); i++) {
            sum = step(sum, prefix.charAt(i) >>> 5);
        }
        sum = step(sum, 0);
        for (int i = 0; i < prefix.length(); i++) {
            sum = step(sum, prefix.charAt(i) & 31);
        }
        for (byte value : values) {
            sum = step(sum, value);
        }
        return sum;
    }

    private static int step(int sum, int value) {
        int next = (sum & 0x1ffffff) << 5 ^ value;
        for (int i = 0; i < GENERATOR.length; i++) {
            if ((sum >>> 25 + i & 1) != 0) {
                next ^= GENERATOR[i];
            }
        }
        return next;
    }

    private static byte[] regroup(byte[] from, int fromBits, int toBits, boolean pad) {
        ByteArrayOutputStream to = new ByteArrayOutputStream();
        int bits = 0;
        int held = 0;
        for (byte value : from) {
            held = held << fromBits | value & (1 << fromBits) - 1;
            bits += fromBits;
            while (bits >= toBits) {
                bits -= toBits;
                to.write(held >>> bits & (1 << toBits) - 1);
            }
            held &= (1 << bits) - 1;
        }
        if (pad && bits > 0) {
            to.write(held << toBits - bits);
        } else if (!pad && held != 0) {
            throw new IllegalArgumentException("its padding is not zero");
        }
        return to.toByteArray();
    }
}
