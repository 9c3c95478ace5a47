// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto.age;

import io.vmmig.error.VmmigException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** Lines first, then bytes, of a stream that is read in blocks all the while. */
public final class HeaderInput {
    private static final int BLOCK_BYTES = 8192;
    private static final int MAX_HEADER_BYTES = 64 << 10;

    private final InputStream from;
    private final byte[] block = new byte[BLOCK_BYTES];
    private int next;
    private int end;
    private int headerBytes;

    /** Takes over {@code from}, of which it may read more than it is asked for. */
    public HeaderInput(InputStream from) {
        this.from = from;
    }

    /** The next line without its end, of no other characters than printable ASCII and blanks. */
    String line(int maxLength) throws IOException, VmmigException {
        byte[] line = new byte[maxLength];
        int length = 0;
        while (true) {
            if (next == end && !fill()) {
                throw Refusals.truncated("within its header");
            }
            byte b = block[next++];
            if (++headerBytes > MAX_HEADER_BYTES) {
                throw Refusals.malformed("the header has more than " + MAX_HEADER_BYTES + " bytes");
            }
            if (b == '\n') {
                return new String(line, 0, length, StandardCharsets.US_ASCII);
            }
            if (length == maxLength) {
                throw Refusals.malformed("a line of the header is longer than " + maxLength + " characters");
            }
            if (b < ' ' || b > '~') {
                throw Refusals.malformed("the header holds something else than printable characters");
            }
            line[length++] = b;
        }
    }

    /** Fills the array from {@code offset} on as far as there are bytes; tells how many there were. */
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
