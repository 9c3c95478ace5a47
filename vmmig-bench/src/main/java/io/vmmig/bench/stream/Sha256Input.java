// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stream;

import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.LongConsumer;

/** Passes a stream on, and knows in the end how long it was and what its digest is. For one thread. */
final class Sha256Input extends InputStream {
    private final InputStream in;
    private final LongConsumer progress;
    private final MessageDigest digest;
    private long bytes;

    /** {@code progress} is told the number of bytes so far after each read. */
    Sha256Input(InputStream in, LongConsumer progress) {
        this.in = in;
        this.progress = progress;
        try {
            this.digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        int n = in.read(buffer, offset, length);
        if (n > 0) {
            digest.update(buffer, offset, n);
            bytes += n;
            progress.accept(bytes);
        }
        return n;
    }

    long bytes() {
        return bytes;
    }

    /** To be called once, at the end. */
    String digest() {
        return HexFormat.of().formatHex(digest.digest());
    }
}
