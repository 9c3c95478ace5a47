// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.stored;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.BooleanSupplier;

/** The content of a package, which cannot be read after the package is closed. */
public final class UntilClosed extends FilterInputStream {
    private final BooleanSupplier closed;

    public UntilClosed(InputStream content, BooleanSupplier closed) {
        super(content);
        this.closed = closed;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        requireOpen();
        try {
            return super.read(target, offset, length);
        } catch (IOException e) {
            requireOpen();
            throw e;
        }
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    private void requireOpen() throws IOException {
        if (closed.getAsBoolean()) {
            VmmigException why = VmmigException.of(Problem.CANCELLED, "the package was closed", "");
            throw new IOException(why.getMessage(), why);
        }
    }
}
