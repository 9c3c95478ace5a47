// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import io.vmmig.crypto.age.Chunks;
import io.vmmig.crypto.age.HeaderInput;
import io.vmmig.crypto.age.Refusals;
import io.vmmig.error.VmmigException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Opens one chunk after the other. Of a chunk that is not authentic nothing gets out. */
final class OpeningInputStream extends InputStream {
    private final HeaderInput from;
    private final Chunks chunks;
    /** A chunk and the first byte of the next one, which tells that it is not the last. */
    private final byte[] sealed = new byte[Chunks.SEALED_BYTES + 1];

    private final byte[] plain = new byte[Chunks.PLAIN_BYTES];
    private int next;
    private int end;
    private boolean begun;
    private boolean ended;
    private @Nullable VmmigException refusal;

    OpeningInputStream(HeaderInput from, Chunks chunks) {
        this.from = from;
        this.chunks = chunks;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, target.length);
        if (length == 0) {
            return 0;
        }
        if (next == end) {
            if (length >= Chunks.PLAIN_BYTES) {
                int n = chunk(target, offset);
                return n == 0 ? -1 : n;
            }
            next = 0;
            end = chunk(plain, 0);
            if (end == 0) {
                return -1;
            }
        }
        int n = Math.min(length, end - next);
        System.arraycopy(plain, next, target, offset, n);
        next += n;
        return n;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    /** Forgets what it has opened. The stream beneath stays open. */
    @Override
    public void close() {
        Arrays.fill(plain, (byte) 0);
        next = end;
        if (!ended && refusal == null) {
            refusal = Refusals.truncated("it was closed before its end");
        }
    }

    /** How many bytes the next chunk has; 0 at the end, which only an empty payload's chunk has otherwise. */
    private int chunk(byte[] target, int offset) throws IOException {
        if (refusal != null) {
            throw new IOException(refusal.getMessage(), refusal);
        }
        if (ended) {
            return 0;
        }
        int held = begun ? 1 : 0;
        int length = held + from.read(sealed, held, sealed.length - held);
        try {
            return open(length, target, offset);
        } catch (VmmigException e) {
            refusal = e;
            end = next;
            throw new IOException(e.getMessage(), e);
        }
    }

    private int open(int length, byte[] target, int offset) throws VmmigException {
        boolean last = length < sealed.length;
        int chunkLength = last ? length : length - 1;
        if (chunkLength < Chunks.TAG_BYTES || (begun && chunkLength == Chunks.TAG_BYTES)) {
            throw Refusals.truncated("within a chunk of its contents");
        }
        int n = chunks.open(sealed, chunkLength, last, target, offset);
        if (n < 0) {
            throw refused(chunkLength, last, target, offset);
        }
        begun = true;
        ended = last;
        sealed[0] = sealed[Chunks.SEALED_BYTES];
        return n;
    }

    /** What a chunk is that is not what it should be. Only a whole one can tell. */
    private VmmigException refused(int length, boolean last, byte[] target, int offset) {
        byte[] discarded = target == plain ? plain : new byte[Chunks.PLAIN_BYTES];
        if (chunks.open(sealed, length, !last, discarded, target == plain ? offset : 0) >= 0) {
            Arrays.fill(discarded, (byte) 0);
            return last
                    ? Refusals.truncated("after a chunk of its contents that is not the last")
                    : Refusals.malformed("something follows its end");
        }
        return Refusals.broken(
                last
                        ? "the end of what was sealed has been changed or cut off, or something was added to it"
                        : "what was sealed has been changed on its way");
    }
}
