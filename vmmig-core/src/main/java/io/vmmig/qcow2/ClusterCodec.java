// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import com.github.luben.zstd.Zstd;
import java.io.IOException;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** Decompresses clusters of a qcow2 image. What follows the compressed bytes in their last sector is not looked at. */
enum ClusterCodec {
    DEFLATE {
        @Override
        int decompress(byte[] stored, int length, byte[] cluster) throws IOException {
            Inflater inflater = new Inflater(true);
            try {
                inflater.setInput(stored, 0, length);
                int total = 0;
                while (total < cluster.length) {
                    int n = inflater.inflate(cluster, total, cluster.length - total);
                    if (n == 0) {
                        break;
                    }
                    total += n;
                }
                return total;
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
            while (total < cluster.length && from < length) {
                long frame = Zstd.findFrameCompressedSize(stored, from, length - from);
                if (Zstd.isError(frame) || frame <= 0) {
                    throw new IOException("not a zstd frame");
                }
                long n = Zstd.decompressByteArray(cluster, total, cluster.length - total, stored, from, (int) frame);
                if (Zstd.isError(n)) {
                    throw new IOException(Zstd.getErrorName(n));
                }
                from += (int) frame;
                total += (int) n;
            }
            return total;
        }
    };

    /**
     * Decompresses what begins in {@code stored} until {@code cluster} is full.
     *
     * @return how many bytes there were; fewer than {@code cluster} has room for only if there are no more
     * @throws IOException if the compressed bytes are malformed
     */
    abstract int decompress(byte[] stored, int length, byte[] cluster) throws IOException;
}
