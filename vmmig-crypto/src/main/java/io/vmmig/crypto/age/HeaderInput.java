// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto.age;

import io.vmmig.error.VmmigException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** Reads lines, then bytes, from a stream that is read in blocks. */
public final class HeaderInput {
    private static final int BLOCK_BYTES = 8192;
    private static final int MAX_HEADER_BYTES = 64 << 10;

    private final InputStream from;
    private final byte[] block = new byte[BLOCK_BYTES];
    private int next;
    private int end;
    private int headerBytes;

    /** Takes over {@code from}; may read ahead. */
    public HeaderInput(InputStream from) {
        this.from = from;
    }

    /** The next line without its end; only printable ASCII and blanks are allowed. */
    String line(int maxLength) throws IOException, VmmigException {
        byte[] line = new byte[maxLength];
        int length = 0;
        while (true) {
            if (next == end && !fill()) {
                throw AgeErrors.truncated("within its header");
            }
            byte b = block[next++];
            if (++headerBytes > MAX_HEADER_BYTES) {
                throw AgeErrors.malformed("the header has more than " + MAX_HEADER_BYTES + " bytes");
            }
            if (b == '\n') {
                return new String(line, 0, length, StandardCharsets.US_ASCII);
            }
            if (length == maxLength) {
                throw AgeErrors.malformed("a line of the header is longer than " + maxLength + " characters");
            }
            if (b < ' ' || b > '~') {
                throw AgeErrors.malformed("the header contains unprintable characters");
            }
            line[length++] = b;
        }
    }

    /** Fills the array from {@code offset} on as far as there are bytes; returns their number. */
    public int read(byte[] target, int offset, int length) throws IOException {
        int done = Math.min(length, end - next);
        System.arraycopy(block, next, target, offset, done);
        next += done;
        while (done < length) {
            int n = from.read(target, offset + done, length - done);
            if (n < 0) {
                break;
            }
            done += n;
        }
        return done;
    }

    private boolean fill() throws IOException {
        next = 0;
        end = Math.max(0, from.read(block, 0, block.length));
        return end > 0;
    }
}
