// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import io.vmmig.crypto.age.PayloadCipher;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.Objects;

/**
 * Encrypts what is written to it. Only {@link #finish} writes the end: every reader refuses a stream that was closed before that,
 * or failed, as truncated.
 *
 * <p>Uses less than 200 KiB of memory. For one thread. Never closes the underlying stream.
 */
public final class SealingOutputStream extends OutputStream {
    private enum Stage {
        OPEN,
        FINISHED,
        GIVEN_UP
    }

    private final OutputStream to;
    private final PayloadCipher chunks;
    private final byte[] plain = new byte[PayloadCipher.PLAIN_BYTES];
    private final byte[] sealed = new byte[PayloadCipher.SEALED_BYTES];
    private int filled;
    private Stage stage = Stage.OPEN;

    SealingOutputStream(OutputStream to, PayloadCipher chunks) {
        this.to = to;
        this.chunks = chunks;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        requireOpen();
        int done = 0;
        while (done < length) {
            if (filled == plain.length) {
                put(plain, 0, filled, false);
                filled = 0;
            }
            int left = length - done;
            // A chunk is written only when another byte follows: the last one is marked, and must not be empty.
            if (filled == 0 && left > plain.length) {
                put(bytes, offset + done, plain.length, false);
                done += plain.length;
            } else {
                int n = Math.min(left, plain.length - filled);
                System.arraycopy(bytes, offset + done, plain, filled, n);
                filled += n;
                done += n;
            }
        }
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    /** Flushes complete chunks; up to 64 KiB wait for more bytes, or for {@link #finish}. */
    @Override
    public void flush() throws IOException {
        if (stage == Stage.OPEN) {
            to.flush();
        }
    }

    /**
     * Writes the end, and flushes. The sealed stream is complete only once this has returned.
     *
     * @throws IOException when the underlying stream fails or has failed, or this was closed; then there is no end
     * @throws IllegalStateException when it was finished before
     */
    public void finish() throws IOException {
        requireOpen();
        put(plain, 0, filled, true);
        to.flush();
        stage = Stage.FINISHED;
        Arrays.fill(plain, (byte) 0);
    }

    /** Aborts, unless it was finished. Idempotent. */
    @Override
    public void close() {
        if (stage == Stage.OPEN) {
            giveUp();
        }
    }

    private void put(byte[] bytes, int offset, int length, boolean last) throws IOException {
        boolean put = false;
        try {
            to.write(sealed, 0, chunks.seal(bytes, offset, length, last, sealed));
            put = true;
        } finally {
            if (!put) {
                giveUp();
            }
        }
    }

    private void giveUp() {
        stage = Stage.GIVEN_UP;
        Arrays.fill(plain, (byte) 0);
    }

    private void requireOpen() throws IOException {
        if (stage == Stage.FINISHED) {
            throw new IllegalStateException("the sealed stream is already finished");
        }
        if (stage == Stage.GIVEN_UP) {
            throw new IOException("the sealed stream was closed, or has failed");
        }
    }
}
