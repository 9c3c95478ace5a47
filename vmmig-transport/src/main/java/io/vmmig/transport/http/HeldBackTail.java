// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.sparse.BlockOutput;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;

/** Passes on all bytes except the last ones, which it holds back. For one thread. */
final class HeldBackTail extends BlockOutput {
    private final OutputStream target;
    private final byte[] kept;
    private int held;

    HeldBackTail(OutputStream target, int bytes) {
        this.target = target;
        this.kept = new byte[bytes];
    }

    @Override
    public void write(byte[] source, int offset, int length) throws IOException {
        int out = Math.max(0, held + length - kept.length);
        int outOfKept = Math.min(out, held);
        target.write(kept, 0, outOfKept);
        System.arraycopy(kept, outOfKept, kept, 0, held - outOfKept);
        held -= outOfKept;
        int passed = out - outOfKept;
        target.write(source, offset, passed);
        System.arraycopy(source, offset + passed, kept, held, length - passed);
        held += length - passed;
    }

    /** The bytes held back: fewer than asked for only if no more were written. */
    byte[] tail() {
        return Arrays.copyOf(kept, held);
    }
}
