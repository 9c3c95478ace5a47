// SPDX-License-Identifier: Apache-2.0
package io.vmmig.sparse;

import java.io.IOException;
import java.io.OutputStream;

/** A stream that takes its bytes in blocks, so that a single one is a block of one. */
public abstract class BlockOutput extends OutputStream {
    @Override
    public final void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public abstract void write(byte[] bytes, int offset, int length) throws IOException;
}
