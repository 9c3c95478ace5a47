// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import io.vmmig.error.VmmigException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The header extensions of a qcow2 image that vmmig preserves. All others are left out of a rewritten header: the format lets readers
 * ignore them, and nothing unnecessary is accepted from an untrusted image.
 *
 * @param backingFormat the name of the backing file's format, or null
 * @param featureNames the feature name table, used only for messages, or null
 * @param bitmaps whether there is a directory of dirty bitmaps, which is not preserved
 */
record HeaderExtensions(@Nullable String backingFormat, byte @Nullable [] featureNames, boolean bitmaps) {
    private static final int END = 0;
    static final int BACKING_FORMAT = 0xe2792aca;
    static final int FEATURE_NAMES = 0x6803f857;
    private static final int BITMAPS = 0x23852875;
    private static final int ENCRYPTION = 0x0537be77;
    static final int DATA_FILE = 0x44415441;

    /** Type and length. */
    static final int PREFIX_BYTES = 8;

    private static final int MAX_FORMAT_BYTES = 15;
    private static final int FEATURE_NAME_BYTES = 48;

    /** Reads the extensions between {@code start} and {@code end} of the first cluster. */
    static HeaderExtensions read(ByteBuffer cluster, int start, int end, ImageProblems problems) throws VmmigException {
        String backingFormat = null;
        byte[] featureNames = null;
        Set<Integer> seen = new HashSet<>();
        int at = start;
        while (end - at >= PREFIX_BYTES) {
            int type = cluster.getInt(at);
            int length = cluster.getInt(at + 4);
            if (type == END) {
                break;
            }
            at += PREFIX_BYTES;
            if (length < 0 || length > end - at) {
                throw problems.malformed("has a header extension that is longer than its header");
            }
            if (!seen.add(type)) {
                throw problems.malformed("has a header extension twice");
            }
            byte[] content = Arrays.copyOfRange(cluster.array(), at, at + length);
            switch (type) {
                case BACKING_FORMAT -> backingFormat = format(content, problems);
                case FEATURE_NAMES -> featureNames = length % FEATURE_NAME_BYTES == 0 ? content : null;
                case ENCRYPTION -> throw Qcow2Header.encrypted(problems);
                case DATA_FILE -> throw Qcow2Header.hasDataFile(problems);
                default -> {}
            }
            at += padded(length);
        }
        return new HeaderExtensions(backingFormat, featureNames, seen.contains(BITMAPS));
    }

    private static @Nullable String format(byte[] content, ImageProblems problems) throws VmmigException {
        if (content.length > MAX_FORMAT_BYTES) {
            throw problems.malformed("names a backing format that is too long");
        }
        return content.length == 0 ? null : new String(content, StandardCharsets.US_ASCII);
    }

    /** The size of an extension with this content, in bytes. */
    static int sizeOf(byte[] content) {
        return PREFIX_BYTES + padded(content.length);
    }

    /** Extensions begin at multiples of 8. */
    private static int padded(int length) {
        return (length + 7) & ~7;
    }
}
