// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle.format;

import java.io.IOException;
import java.io.OutputStream;

/** Writes a package's tar. Not thread-safe. */
public final class TarOutput {
    private static final byte[] ZEROS = new byte[TarHeader.RECORD];

    private final OutputStream out;
    private long bytes;

    /** Writes to {@code out}, which is never closed. */
    public TarOutput(OutputStream out) {
        this.out = out;
    }

    /** Writes one entry with the first {@code length} bytes of {@code content}. */
    public void entry(String name, byte[] content, int length) throws IOException {
        write(new TarHeader(name, length).toBytes(), TarHeader.BLOCK);
        write(content, length);
        write(ZEROS, TarHeader.padding(length));
    }

    /** Flushes the stream below. */
    public void flush() throws IOException {
        out.flush();
    }

    /** Writes the end of the tar, and flushes. */
    public void end() throws IOException {
        long whole = bytes + 2 * TarHeader.BLOCK;
        long padded = (whole + TarHeader.RECORD - 1) / TarHeader.RECORD * TarHeader.RECORD;
        write(ZEROS, 2 * TarHeader.BLOCK);
        write(ZEROS, (int) (padded - whole));
        out.flush();
    }

    private void write(byte[] buffer, int length) throws IOException {
        out.write(buffer, 0, length);
        bytes += length;
    }

    /** How many bytes have been written so far. */
    public long bytes() {
        return bytes;
    }
}
