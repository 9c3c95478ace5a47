// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.content.Level;
import io.vmmig.sparse.SparseInputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Zeros that nobody has read make the same package as zeros that somebody has. */
class SparseLayerTest {
    private static final int SEGMENT = PackageLimits.MAX_SEGMENT_BYTES;

    /** Two segments of zeros, one with content in its middle, another one of zeros, and a part of one. */
    private static byte[] layer() {
        byte[] layer = new byte[4 * SEGMENT + 10_000];
        Arrays.fill(layer, 2 * SEGMENT + 5000, 2 * SEGMENT + 70_000, (byte) 7);
        return layer;
    }

    private static SparseInputStream sparse(byte[] layer) {
        ByteArrayInputStream in = new ByteArrayInputStream(layer);
        return new SparseInputStream() {
            @Override
            public long skipZeros(long most) {
                int at = layer.length - in.available();
                int end = at;
                while (end < layer.length && end - at < most && layer[end] == 0) {
                    end++;
                }
                return in.skip(end - at);
            }

            @Override
            public int read(byte[] buffer, int offset, int length) {
                return in.read(buffer, offset, length);
            }
        };
    }

    private static byte[] write(InputStream layer, int bytes) throws Exception {
        Manifest manifest = Manifests.of(
                List.of(new Manifest.Disk("vda", List.of(new Manifest.Layer(ImageFormat.RAW, bytes, 65_000)), null)));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (PackageWriter writer = PackageWriter.to(out, manifest, List.of(), Level.BALANCED)) {
            writer.writeDomain("<domain/>", null);
            writer.writeDiskLayer("vda", 0, layer);
            writer.writeSnapshot(new ByteArrayInputStream(new byte[3 * SEGMENT]));
            writer.finish();
        }
        return out.toByteArray();
    }

    @Test
    void isThePackageThatItWouldBeOtherwise() throws Exception {
        byte[] layer = layer();
        byte[] dense = write(new ByteArrayInputStream(layer), layer.length);

        assertThat(write(sparse(layer), layer.length)).isEqualTo(dense);
        assertThat(Packages.read(dense).streams().get("disks/vda.0.raw")).isEqualTo(layer);
    }

    @Test
    void itsZerosNeedNotBeReadByWhoeverUnpacksIt() throws Exception {
        byte[] layer = layer();
        long skipped = 0;
        try (PackageReader reader = PackageReader.from(
                new ByteArrayInputStream(write(sparse(layer), layer.length)), PackageLimits.DEFAULT)) {
            for (PackageReader.Entry entry = reader.next(); entry != null; entry = reader.next()) {
                if (entry instanceof PackageReader.Entry.DiskLayer disk) {
                    skipped = unpack(disk.stream(), layer);
                } else if (entry instanceof PackageReader.Entry.Snapshot snapshot) {
                    Packages.all(snapshot.stream());
                }
            }
            reader.verify();
        }
        assertThat(skipped).isEqualTo(3L * SEGMENT);
    }

    private static long unpack(InputStream in, byte[] expected) throws IOException {
        byte[] unpacked = new byte[expected.length];
        long skipped = 0;
        int at = 0;
        while (at < unpacked.length) {
            long zeros = SparseInputStream.skipZeros(in, unpacked.length - at);
            skipped += zeros;
            at += (int) zeros;
            if (zeros == 0) {
                at += in.readNBytes(unpacked, at, Math.min(8192, unpacked.length - at));
            }
        }
        assertThat(in.read()).isNegative();
        assertThat(Arrays.equals(unpacked, expected)).isTrue();
        return skipped;
    }
}
