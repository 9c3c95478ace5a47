// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import com.github.luben.zstd.RecyclingBufferPool;
import com.github.luben.zstd.ZstdIOException;
import com.github.luben.zstd.ZstdInputStream;
import io.vmmig.error.PackageFormatException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Access to segments that are stored as pages. */
public final class StoredSegments {
    private StoredSegments() {}

    /** The map of a stored segment; its beginning, up to the end of the instructions, is enough. */
    public static PageMap map(InputStream stored) throws IOException, PackageFormatException {
        try (InputStream in = new ZstdInputStream(stored, RecyclingBufferPool.INSTANCE)) {
            byte[] length = in.readNBytes(Integer.BYTES);
            int instructions = length.length < Integer.BYTES
                    ? -1
                    : ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getInt();
            if (instructions < 0 || instructions > Segments.INSTRUCTION_BYTES) {
                throw Frames.malformed("a segment has no room for its instructions");
            }
            byte[] head = java.util.Arrays.copyOf(length, Integer.BYTES + instructions);
            int read = in.readNBytes(head, Integer.BYTES, instructions);
            return PageMap.of(head, Integer.BYTES + read);
        } catch (ZstdIOException e) {
            throw Frames.malformed("a segment is no zstd frame: " + e.getMessage());
        }
    }

    /** Applies the difference in {@code body} to a page in {@code target}. */
    public static void change(byte[] body, int bodyOffset, byte[] target, int targetOffset) {
        Deltas.apply(body, bodyOffset, target, targetOffset);
    }
}
