// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle.format;

import io.vmmig.PackageFormatException;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/** Reads the tar that a package is, from a stream that may hold anything. Allocates nothing by what it reads. Not thread-safe. */
public final class TarInput {
    private final InputStream in;
    private long bytes;

    /** Reads from {@code in}, which is never closed. */
    public TarInput(InputStream in) {
        this.in = in;
    }

    /**
     * The header of the next entry, after the content of the one before has been read; null where the tar ends. It is then
     * certain that the stream ends there too.
     */
    public @Nullable TarHeader next() throws IOException, PackageFormatException {
        byte[] block = new byte[TarHeader.BLOCK];
        read(block, block.length);
        if (!isZero(block)) {
            return TarHeader.parse(block);
        }
        readZeros(TarHeader.BLOCK);
        readZeros((int) Math.floorMod(-bytes, (long) TarHeader.RECORD));
        if (in.read() >= 0) {
            throw Malformed.because("something follows the end of the package");
        }
        return null;
    }

    /** Reads the whole content of the entry of {@code header} into the front of {@code buffer}, which holds it. */
    public void content(TarHeader header, byte[] buffer) throws IOException, PackageFormatException {
        read(buffer, (int) header.size());
        readZeros(TarHeader.padding(header.size()));
    }

    private void readZeros(int length) throws IOException, PackageFormatException {
        byte[] buffer = new byte[length];
        read(buffer, length);
        if (!isZero(buffer)) {
            throw Malformed.because("there is something in the padding of the package");
        }
    }

    private void read(byte[] buffer, int length) throws IOException, PackageFormatException {
        int read = in.readNBytes(buffer, 0, length);
        bytes += read;
        if (read < length) {
            throw Malformed.truncated("the package ends after " + bytes + " bytes, before its end");
        }
    }

    private static boolean isZero(byte[] buffer) {
        for (byte b : buffer) {
            if (b != 0) {
                return false;
            }
        }
        return true;
    }

    /** How many bytes have been read so far. */
    public long bytes() {
        return bytes;
    }
}
