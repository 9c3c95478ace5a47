// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle.format;

import io.vmmig.error.PackageFormatException;
import io.vmmig.json.Malformed;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Pattern;

/**
 * The header of a tar entry in the ustar format of POSIX.1-1988, restricted to a regular file of mode 0600, owner 0 and time 0. A header is
 * therefore a function of the entry's name and size, and any header that differs in a single byte from that function's result is refused.
 * This excludes links, devices, long names, pax records, base-256 sizes and ambiguous packages, all of which a general tar library accepts.
 *
 * @param name the entry's name, 1 to 99 characters of a to z, 0 to 9, dot, slash and hyphen
 * @param size the size of its content, in bytes
 */
public record TarHeader(String name, long size) {
    /** The size of a header, and the unit to which contents are padded, in bytes. */
    public static final int BLOCK = 512;

    /** The unit to which a whole tar is padded, in bytes. */
    public static final int RECORD = 20 * BLOCK;

    /** The names that entries may have. */
    static final Pattern NAME = Pattern.compile("[a-z0-9./-]{1,99}");

    private static final int NAME_LENGTH = 100;
    private static final int SIZE_OFFSET = 124;
    private static final int SIZE_DIGITS = 11;
    private static final long MAX_SIZE = (1L << (3 * SIZE_DIGITS)) - 1;
    private static final int CHECKSUM_OFFSET = 148;
    private static final int CHECKSUM_LENGTH = 8;

    public TarHeader {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("not a name of a package entry");
        }
        if (size < 0 || size > MAX_SIZE) {
            throw new IllegalArgumentException("a size that a tar header cannot hold");
        }
    }

    /** The header as one block. */
    public byte[] toBytes() {
        byte[] block = new byte[BLOCK];
        put(block, 0, name);
        put(block, 100, "0000600");
        put(block, 108, "0000000");
        put(block, 116, "0000000");
        put(block, SIZE_OFFSET, octal(size, SIZE_DIGITS));
        put(block, 136, "00000000000");
        put(block, 156, "0");
        put(block, 257, "ustar");
        put(block, 263, "00");
        put(block, 329, "0000000");
        put(block, 337, "0000000");
        put(block, CHECKSUM_OFFSET, octal(checksum(block), 6));
        block[CHECKSUM_OFFSET + CHECKSUM_LENGTH - 1] = ' ';
        return block;
    }

    private static void put(byte[] block, int offset, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(bytes, 0, block, offset, bytes.length);
    }

    private static String octal(long value, int digits) {
        String text = Long.toOctalString(value);
        return "0".repeat(digits - text.length()) + text;
    }

    /** The sum of all bytes, with the checksum's own bytes taken as spaces. */
    private static int checksum(byte[] block) {
        int sum = CHECKSUM_LENGTH * ' ';
        for (int i = 0; i < BLOCK; i++) {
            if (i < CHECKSUM_OFFSET || i >= CHECKSUM_OFFSET + CHECKSUM_LENGTH) {
                sum += block[i] & 0xff;
            }
        }
        return sum;
    }

    /**
     * Parses an untrusted block.
     *
     * @throws PackageFormatException with {@link io.vmmig.error.Problem#PACKAGE_MALFORMED} when a package may not hold such a header
     */
    public static TarHeader parse(byte[] block) throws PackageFormatException {
        TarHeader header = new TarHeader(parseName(block), parseSize(block));
        if (!Arrays.equals(block, header.toBytes())) {
            throw Malformed.because("the tar entry " + header.name + " is not a plain file as a package holds them");
        }
        return header;
    }

    private static String parseName(byte[] block) throws PackageFormatException {
        String name = nameIn(block);
        if (!NAME.matcher(name).matches()) {
            throw Malformed.because("it goes on with a tar entry named " + Malformed.quoted(name)
                    + ", and no part of a package has such a name");
        }
        return name;
    }

    /** The bytes in the position of the name, which may be anything. */
    static String nameIn(byte[] block) {
        int length = 0;
        while (length < NAME_LENGTH && block[length] != 0) {
            length++;
        }
        return new String(block, 0, length, StandardCharsets.ISO_8859_1);
    }

    private static long parseSize(byte[] block) throws PackageFormatException {
        long size = 0;
        for (int i = SIZE_OFFSET; i < SIZE_OFFSET + SIZE_DIGITS; i++) {
            int digit = block[i] - '0';
            if (digit < 0 || digit > 7) {
                throw Malformed.because("the size of a tar entry is not an octal number");
            }
            size = size * 8 + digit;
        }
        return size;
    }

    /** How many zero bytes follow a content of {@code size} bytes. */
    static int padding(long size) {
        return (int) (-size & (BLOCK - 1));
    }
}
