// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import io.vmmig.crypto.age.AgeErrors;
import io.vmmig.crypto.age.HeaderInput;
import io.vmmig.crypto.age.PayloadCipher;
import io.vmmig.error.VmmigException;
import io.vmmig.sparse.BlockInput;
import java.io.IOException;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Decrypts chunk by chunk, and returns nothing of a chunk that is not authentic. */
final class OpeningInputStream extends BlockInput {
    private final HeaderInput from;
    private final PayloadCipher chunks;
    /** A chunk and the first byte of the next one, which shows that it is not the last. */
    private final byte[] sealed = new byte[PayloadCipher.SEALED_BYTES + 1];

    private final byte[] plain = new byte[PayloadCipher.PLAIN_BYTES];
    private int next;
    private int end;
    private boolean begun;
    private boolean ended;
    private @Nullable VmmigException refusal;

    OpeningInputStream(HeaderInput from, PayloadCipher chunks) {
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
            if (length >= PayloadCipher.PLAIN_BYTES) {
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

    /** Wipes what it has decrypted. The underlying stream stays open. */
    @Override
    public void close() {
        Arrays.fill(plain, (byte) 0);
        next = end;
        if (!ended && refusal == null) {
            refusal = AgeErrors.truncated("it was closed before its end");
        }
    }

    /** The length of the next chunk; 0 at the end, and for the chunk of an empty payload. */
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
        if (chunkLength < PayloadCipher.TAG_BYTES || (begun && chunkLength == PayloadCipher.TAG_BYTES)) {
            throw AgeErrors.truncated("within a chunk of its contents");
        }
        int n = chunks.open(sealed, chunkLength, last, target, offset);
        if (n < 0) {
            throw refused(chunkLength, last, target, offset);
        }
        begun = true;
        ended = last;
        sealed[0] = sealed[PayloadCipher.SEALED_BYTES];
        return n;
    }

    /** The error for a chunk that is not authentic. Only a complete one can tell. */
    private VmmigException refused(int length, boolean last, byte[] target, int offset) {
        byte[] discarded = target == plain ? plain : new byte[PayloadCipher.PLAIN_BYTES];
        if (chunks.open(sealed, length, !last, discarded, target == plain ? offset : 0) >= 0) {
            Arrays.fill(discarded, (byte) 0);
            return last
                    ? AgeErrors.truncated("after a chunk of its contents that is not the last")
                    : AgeErrors.malformed("something follows its end");
        }
        return AgeErrors.broken(
                last
                        ? "the end of the sealed data was changed or cut off, or something was appended"
                        : "the sealed data was changed in transit");
    }
}
