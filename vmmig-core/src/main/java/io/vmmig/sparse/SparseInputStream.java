// SPDX-License-Identifier: Apache-2.0
package io.vmmig.sparse;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;

/** A stream that knows of some stretches of zeros in it, so that nobody has to read these. */
public abstract class SparseInputStream extends BlockInput {
    /**
     * Passes zeros over, as far as it is known without reading that there are some.
     *
     * @param most how many at most
     * @return how many were passed over; 0 says nothing of what comes
     */
    public abstract long skipZeros(long most) throws IOException;

    /** The same of any stream: one that knows of no zeros passes none over. */
    public static long skipZeros(InputStream in, long most) throws IOException {
        return in instanceof SparseInputStream sparse ? sparse.skipZeros(most) : 0;
    }

    /** A stream of some bytes, and then of another stream, which is closed with it. */
    public static SparseInputStream of(byte[] first, InputStream rest) {
        return new SparseInputStream() {
            private int position;

            @Override
            public int read(byte[] buffer, int offset, int length) throws IOException {
                Objects.checkFromIndexSize(offset, length, buffer.length);
                if (position == first.length) {
                    return rest.read(buffer, offset, length);
                }
                int count = Math.min(length, first.length - position);
                System.arraycopy(first, position, buffer, offset, count);
                position += count;
                return count;
            }

            @Override
            public long skipZeros(long most) throws IOException {
                return position == first.length ? skipZeros(rest, most) : 0;
            }

            @Override
            public void close() throws IOException {
                rest.close();
            }
        };
    }
}
