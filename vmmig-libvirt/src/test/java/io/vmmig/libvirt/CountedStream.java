// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** A stream that counts. */
final class CountedStream extends FilterInputStream {
    private long bytes;

    CountedStream(InputStream in) {
        super(in);
    }

    @Override
    public int read() throws IOException {
        int one = super.read();
        bytes += one < 0 ? 0 : 1;
        return one;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        int n = super.read(target, offset, length);
        bytes += Math.max(n, 0);
        return n;
    }

    long bytes() {
        return bytes;
    }
}
