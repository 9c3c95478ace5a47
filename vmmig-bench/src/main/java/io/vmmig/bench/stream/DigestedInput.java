// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stream;

import io.vmmig.content.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.security.DigestInputStream;

/** Passes a stream through, and computes its length and digest. For one thread. */
final class DigestedInput extends DigestInputStream {
    private long bytes;

    DigestedInput(InputStream in) {
        super(in, Digest.newSha256());
    }

    @Override
    public int read() throws IOException {
        int read = super.read();
        bytes += read < 0 ? 0 : 1;
        return read;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        int n = super.read(buffer, offset, length);
        bytes += Math.max(n, 0);
        return n;
    }

    long bytes() {
        return bytes;
    }

    /** The digest; call it once, at the end. */
    Digest digest() {
        return Digest.of(getMessageDigest());
    }
}
