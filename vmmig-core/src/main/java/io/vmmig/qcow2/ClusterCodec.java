// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import java.io.IOException;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** Decompresses clusters of a qcow2 image. Ignores what follows the compressed bytes in their last sector. */
enum ClusterCodec {
    DEFLATE {
        @Override
        int decompress(byte[] stored, int length, byte[] cluster) throws IOException {
            Inflater inflater = new Inflater(true);
            try {
                inflater.setInput(stored, 0, length);
                return inflater.inflate(cluster);
            } catch (DataFormatException e) {
                throw new IOException(String.valueOf(e.getMessage()), e);
            } finally {
                inflater.end();
            }
        }
    },
    ZSTD {
        @Override
        int decompress(byte[] stored, int length, byte[] cluster) throws IOException {
            int from = 0;
            int total = 0;
            try {
                while (total < cluster.length && from < length) {
                    int frame = (int) requireSuccess(Zstd.findFrameCompressedSize(stored, from, length - from));
                    total += (int) requireSuccess(
                            Zstd.decompressByteArray(cluster, total, cluster.length - total, stored, from, frame));
                    from += frame;
                }
                return total;
            } catch (ZstdException e) {
                throw new IOException(String.valueOf(e.getMessage()), e);
            }
        }
    };

    private static long requireSuccess(long result) throws IOException {
        if (Zstd.isError(result)) {
            throw new IOException(Zstd.getErrorName(result));
        }
        return result;
    }

    /**
     * Decompresses from the beginning of {@code stored} until {@code cluster} is full.
     *
     * @return the number of bytes; less than the length of {@code cluster} only if there are no more
     * @throws IOException if the compressed bytes are malformed
     */
    abstract int decompress(byte[] stored, int length, byte[] cluster) throws IOException;
}
