// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle.format;

import io.vmmig.error.PackageFormatException;
import io.vmmig.json.Malformed;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** Reads a package's tar from an untrusted stream. Not thread-safe. */
public final class TarInput {
    /** The first entry of a package. */
    public static final String FIRST_ENTRY = "manifest.json";

    private final InputStream in;
    private long bytes;

    /** Reads from {@code in}, which is never closed. */
    public TarInput(InputStream in) {
        this.in = in;
    }

    /**
     * The header of the next entry, after the content of the previous one has been read; null at the end of the tar, which is then also the
     * end of the stream.
     */
    public @Nullable TarHeader next() throws IOException, PackageFormatException {
        byte[] block = new byte[TarHeader.BLOCK];
        read(block, block.length);
        if (bytes == TarHeader.BLOCK && !FIRST_ENTRY.equals(TarHeader.nameIn(block))) {
            throw NoPackage.because(block);
        }
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

    /** Reads the whole content of the entry into the beginning of {@code buffer}, which must be large enough. */
    public void content(TarHeader header, byte[] buffer) throws IOException, PackageFormatException {
        read(buffer, (int) header.size());
        readZeros(TarHeader.padding(header.size()));
    }

    /** The content of an entry, whose size must not exceed {@code limit}. */
    public byte[] plain(TarHeader header, long limit) throws IOException, PackageFormatException {
        Malformed.requireWithin("the size of " + header.name(), header.size(), limit);
        byte[] content = new byte[(int) header.size()];
        content(header, content);
        return content;
    }

    /** Passes the content of an entry through {@code buffer}, piece by piece; {@code sink} is told each piece's length. */
    public void pass(TarHeader header, byte[] buffer, IntConsumer sink) throws IOException, PackageFormatException {
        for (long left = header.size(); left > 0; ) {
            int length = (int) Math.min(left, buffer.length);
            read(buffer, length);
            sink.accept(length);
            left -= length;
        }
        readZeros(TarHeader.padding(header.size()));
    }

    /** Skips the content of an entry. */
    public void skip(TarHeader header) throws IOException, PackageFormatException {
        long length = header.size() + TarHeader.padding(header.size());
        try {
            in.skipNBytes(length);
        } catch (EOFException e) {
            throw Malformed.truncated("the package ends in its entry " + header.name());
        }
        bytes += length;
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
        return Arrays.equals(buffer, new byte[buffer.length]);
    }

    /** How many bytes have been read so far. */
    public long bytes() {
        return bytes;
    }
}
