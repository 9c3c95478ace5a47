// SPDX-License-Identifier: Apache-2.0
package io.vmmig.sparse;

import java.io.IOException;
import java.io.InputStream;

/** A stream that has its bytes in blocks, so that a single one is a block of one. */
public abstract class BlockInput extends InputStream {
    @Override
    public final int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public abstract int read(byte[] buffer, int offset, int length) throws IOException;
}
