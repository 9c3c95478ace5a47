// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.vmmig.bundle.ImageFormat;
import io.vmmig.bundle.Manifest;
import io.vmmig.error.VmmigException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.MethodSource;

class Qcow2FuzzTest {
    @TempDir
    static Path directory;

    static Stream<byte[]> images() {
        return Stream.of(image(9, 3, 0), image(12, 3, 0), image(14, 3, 16), image(9, 2, 0));
    }

    /** One L2 table with a cluster of data, a compressed one and one of zeros. */
    private static byte[] image(int clusterBits, int version, long features) {
        int cluster = 1 << clusterBits;
        byte[] image = TestImage.ofClusterBits(clusterBits).bytes();
        ByteBuffer fields = ByteBuffer.wrap(
                Arrays.copyOf(image, Math.max(image.length, 4 * cluster) / cluster * cluster + 3 * cluster));
        int l2 = fields.capacity() - 2 * cluster;
        fields.putInt(4, version).putLong(3 * cluster, 1L << 63 | l2);
        fields.putLong(l2, 1L << 63 | (fields.capacity() - cluster));
        if (version == 3) {
            fields.putLong(72, features);
        }
        if (features == 16) {
            fields.putLong(l2 + 8, 0xff);
        }
        return fields.array();
    }

    /** What gets through is sound: it can be read throughout, and writing it again changes nothing. */
    @MethodSource("images")
    @FuzzTest
    void layer(byte[] image) throws Exception {
        try {
            Path once = write(image, "once");
            byte[] written = Files.readAllBytes(once);
            try (Qcow2Image content = Qcow2Image.open(once)) {
                byte[] buffer = new byte[4096];
                long at = 0;
                for (int i = 0; i < 64 && at < content.virtualBytes(); i++) {
                    at = content.nextData(at);
                    readOrBadlyCompressed(content, at, buffer);
                    at += buffer.length;
                }
            }
            assertThat(Files.readAllBytes(write(written, "again"))).isEqualTo(written);
        } catch (VmmigException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    /** What a compressed cluster holds is for its reader to find out. */
    private static void readOrBadlyCompressed(Qcow2Image content, long at, byte[] buffer) throws IOException {
        try {
            content.read(at, buffer, 0, buffer.length);
        } catch (IOException e) {
            if (!(e.getCause() instanceof VmmigException problem
                    && problem.getMessage().contains("compressed"))) {
                throw e;
            }
        }
    }

    private static Path write(byte[] image, String name) throws IOException, VmmigException {
        long virtual =
                image.length < 32 ? 0 : Math.max(0, ByteBuffer.wrap(image).getLong(24));
        Manifest.Disk disk =
                new Manifest.Disk("vda", List.of(new Manifest.Layer(ImageFormat.QCOW2, virtual, image.length)), null);
        Path file = directory.resolve(name);
        Files.deleteIfExists(file);
        Move.writeLayer(new ByteArrayInputStream(image), disk, 0, file, null);
        return file;
    }
}
