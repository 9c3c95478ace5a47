// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.sparse.SparseInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.LongConsumer;

/** Counts the bytes that pass; skipped zeros do not count. */
final class CountingInput extends SparseInputStream {
    private final InputStream in;
    private final LongConsumer passed;

    CountingInput(InputStream in, LongConsumer passed) {
        this.in = in;
        this.passed = passed;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        int n = in.read(buffer, offset, length);
        if (n > 0) {
            passed.accept(n);
        }
        return n;
    }

    @Override
    public long skipZeros(long most) throws IOException {
        return skipZeros(in, most);
    }

    @Override
    public int available() throws IOException {
        return in.available();
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
