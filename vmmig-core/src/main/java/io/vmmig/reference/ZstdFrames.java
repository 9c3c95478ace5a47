// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import io.vmmig.snapshot.ZstdWindow;
import io.vmmig.sparse.BlockInput;
import java.io.IOException;
import java.io.PushbackInputStream;
import java.nio.ByteBuffer;

/** Decompresses consecutive zstd frames, and either pushes back what it has read after them or allows nothing to follow. For one thread. */
final class ZstdFrames extends BlockInput {
    private static final long MAX_WINDOW = 128 << 20;

    private final PushbackInputStream from;
    private final boolean toTheEnd;
    private final ZstdDecompressCtx context = new ZstdDecompressCtx();
    private final byte[] chunk = new byte[Unpacking.BUFFER_BYTES];
    private final ByteBuffer source =
            ByteBuffer.allocateDirect(Unpacking.BUFFER_BYTES).limit(0);
    private final ByteBuffer target =
            ByteBuffer.allocateDirect(2 * Unpacking.BUFFER_BYTES).limit(0);
    private boolean begun;
    private boolean ended;

    ZstdFrames(PushbackInputStream from, boolean toTheEnd) {
        this.from = from;
        this.toTheEnd = toTheEnd;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (!begun) {
            begun = true;
            ended = !frameFollows();
        }
        while (!target.hasRemaining()) {
            if (ended) {
                return -1;
            }
            decompress();
        }
        int n = Math.min(length, target.remaining());
        target.get(buffer, offset, n);
        return n;
    }

    private void decompress() throws IOException {
        boolean more = source.hasRemaining() || fill();
        target.clear();
        try {
            if (context.decompressDirectByteBufferStream(target, source)) {
                ended = !frameFollows();
            } else if (!more && target.position() == 0) {
                throw new IOException("zstd data that are cut off");
            }
        } catch (ZstdException e) {
            throw new IOException("malformed zstd data: " + e.getMessage(), e);
        } finally {
            target.flip();
        }
    }

    private boolean frameFollows() throws IOException {
        while (source.remaining() < ZstdWindow.MAX_HEADER_BYTES && fill()) {
            // A frame's first bytes may arrive one by one.
        }
        byte[] rest = new byte[source.remaining()];
        source.get(source.position(), rest);
        if (Unpacking.startsWithZstd(rest)) {
            if (ZstdWindow.of(rest, rest.length) > MAX_WINDOW) {
                throw new IOException("a zstd frame with too large a window");
            }
            return true;
        }
        if (toTheEnd && rest.length > 0) {
            throw new IOException("something follows zstd data");
        }
        from.unread(rest);
        return false;
    }

    /** Reads more after the remaining bytes; returns whether there was anything. */
    private boolean fill() throws IOException {
        source.compact();
        int n = from.read(chunk, 0, source.remaining());
        source.put(chunk, 0, Math.max(n, 0)).flip();
        return n > 0;
    }

    @Override
    public void close() {
        context.close();
    }
}
