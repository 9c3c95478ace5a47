// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.content.Digest;
import io.vmmig.crypto.SignerKey;
import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The list of the parts of a package or an image at an HTTP server; {@code sha256sum -c} can read it, too. All parts have the same
 * size, except the last. Immutable.
 *
 * @param id the id of a package, or the SHA-256 of an image
 * @param bytes the size of all parts together
 * @param partBytes the size of a part
 * @param parts the digest of each part, in order
 * @param ending of a package; null for an image
 */
record PartIndex(String id, long bytes, int partBytes, List<Digest> parts, @Nullable Ending ending) {
    /**
     * The end of a package, which is in no part, so that nobody but its source can make the index.
     *
     * @param tail the last bytes of the package, in hexadecimal digits
     * @param receiptBy the host whose receipt the source waits for; null if it waits for none
     */
    record Ending(String tail, @Nullable SignerKey receiptBy) {
        Ending {
            if (!TAIL.matcher(tail).matches()) {
                throw new IllegalArgumentException("not the end of a package: " + tail);
            }
        }

        static Ending of(byte[] tail, @Nullable SignerKey receiptBy) {
            return new Ending(HexFormat.of().formatHex(tail), receiptBy);
        }

        byte[] bytes() {
            return HexFormat.of().parseHex(tail);
        }
    }

    /** How much of a package is in its index only; that includes the authentication tag of a sealed one. */
    static final int TAIL_BYTES = 64;

    static final String NAME = "index";
    static final int MAX_PARTS = 1 << 16;
    static final int MIN_PART_BYTES = 4 << 10;
    static final int MAX_PART_BYTES = 64 << 20;
    static final int MAX_ID_CHARS = 64;
    private static final String FORMAT = "# vmmig parts ";
    private static final String WITHOUT_ENDING = "1";
    private static final String WITH_ENDING = "2";
    private static final int MAX_HEAD_BYTES = 512;
    static final int MAX_BYTES = MAX_HEAD_BYTES + MAX_PARTS * (64 + 2 + MAX_ID_CHARS + 7 + 1);
    private static final Pattern ID = Pattern.compile("[0-9a-f][0-9a-f-]{0," + (MAX_ID_CHARS - 1) + "}");
    private static final Pattern TAIL = Pattern.compile("[0-9a-f]{" + 2 * TAIL_BYTES + "}");
    private static final Pattern HEAD = Pattern.compile("\\Q" + FORMAT + "\\E([" + WITHOUT_ENDING + WITH_ENDING
            + "])\n# id (" + ID.pattern() + ")\n# bytes ([0-9]{1,18})\n# part-bytes ([0-9]{1,9})\n(?:# tail ("
            + TAIL.pattern() + ")\n)?(?:# receipt ([A-Za-z0-9_-]{43})\n)?");
    private static final Pattern ANY_VERSION = Pattern.compile("\\Q" + FORMAT + "\\E([1-9][0-9]{0,8})\n");
    /** Names of parts, of packages and images, and of receipts. */
    static final Pattern PART_NAME = Pattern.compile("(" + ID.pattern() + ")\\.([0-9]{6}|" + Receipt.SUFFIX + ")");

    PartIndex {
        parts = List.copyOf(parts);
        if (!ID.matcher(id).matches()) {
            throw new IllegalArgumentException("not a name: " + id);
        }
        if (partBytes < MIN_PART_BYTES || partBytes > MAX_PART_BYTES) {
            throw new IllegalArgumentException("parts of " + partBytes + " bytes");
        }
        if (parts.size() > MAX_PARTS || bytes < 1 || (bytes - 1) / partBytes + 1 != parts.size()) {
            throw new IllegalArgumentException(parts.size() + " parts for " + bytes + " bytes");
        }
    }

    /** An index without an ending. */
    PartIndex(String id, long bytes, int partBytes, List<Digest> parts) {
        this(id, bytes, partBytes, parts, null);
    }

    static String partName(String id, int number) {
        return id + "." + String.valueOf(1_000_000 + number).substring(1);
    }

    String name(int number) {
        return partName(id, number);
    }

    int size(int number) {
        return (int) Math.min(partBytes, bytes - (long) number * partBytes);
    }

    byte[] toBytes() {
        StringBuilder text = new StringBuilder(FORMAT + (ending == null ? WITHOUT_ENDING : WITH_ENDING) + "\n# id " + id
                + "\n# bytes " + bytes + "\n# part-bytes " + partBytes + "\n");
        if (ending != null) {
            text.append("# tail ").append(ending.tail()).append('\n');
            if (ending.receiptBy() != null) {
                text.append("# receipt ").append(ending.receiptBy()).append('\n');
            }
        }
        for (int i = 0; i < parts.size(); i++) {
            text.append(parts.get(i).hex()).append("  ").append(name(i)).append('\n');
        }
        return text.toString().getBytes(StandardCharsets.US_ASCII);
    }

    /**
     * Reads what {@link #toBytes()} writes, and nothing else; also version 1 of a package, all of which is in parts.
     *
     * @throws PackageFormatException with {@link Problem#PACKAGE_MALFORMED}, or {@link Problem#PACKAGE_TOO_NEW} for a later
     *     format
     */
    static PartIndex parse(byte[] content) throws PackageFormatException {
        if (content.length > MAX_BYTES) {
            throw malformed("it is larger than any index", null);
        }
        String text = new String(content, StandardCharsets.ISO_8859_1);
        Matcher head = HEAD.matcher(text);
        if (!head.lookingAt()) {
            Matcher version = ANY_VERSION.matcher(text);
            if (version.lookingAt()
                    && !version.group(1).equals(WITHOUT_ENDING)
                    && !version.group(1).equals(WITH_ENDING)) {
                throw new PackageFormatException(
                        Problem.PACKAGE_TOO_NEW, "the index of parts is of a later format", "Use a newer vmmig.");
            }
            throw malformed("it does not begin as an index does", null);
        }
        try {
            String id = head.group(2);
            int line = 64 + 2 + partName(id, 0).length() + 1;
            int count = (text.length() - head.end()) / line;
            List<Digest> parts = new ArrayList<>(Math.min(count, MAX_PARTS));
            for (int i = 0; i < count; i++) {
                int at = head.end() + i * line;
                parts.add(new Digest(text.substring(at, at + 64)));
            }
            Ending ending = head.group(5) == null
                    ? null
                    : new Ending(head.group(5), head.group(6) == null ? null : SignerKey.parse(head.group(6)));
            PartIndex index =
                    new PartIndex(id, Long.parseLong(head.group(3)), Integer.parseInt(head.group(4)), parts, ending);
            if (!Arrays.equals(index.toBytes(), content)) {
                throw malformed("it is not spelled as an index is", null);
            }
            return index;
        } catch (PackageFormatException e) {
            throw e;
        } catch (IllegalArgumentException | VmmigException e) {
            throw malformed(String.valueOf(e.getMessage()), e);
        }
    }

    private static PackageFormatException malformed(String why, @Nullable Throwable cause) {
        return new PackageFormatException(
                Problem.PACKAGE_MALFORMED, "the index of parts is malformed: " + why, "Make the package again.", cause);
    }
}
