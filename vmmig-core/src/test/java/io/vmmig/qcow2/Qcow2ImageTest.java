// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tables made by hand, most of them bad. */
class Qcow2ImageTest {
    private static final int CLUSTER = 1 << 16;
    private static final int L1 = 3 * CLUSTER;
    private static final int L2 = 4 * CLUSTER;
    private static final int DATA = 5 * CLUSTER;
    private static final long COMPRESSED = 1L << 62;

    @TempDir
    private Path directory;

    /** An image of 1 MiB whose first cluster has the L2 entry {@code entry}; it holds sevens at {@link #DATA}. */
    private static ByteBuffer image(int version, long entry) {
        ByteBuffer image = ByteBuffer.allocate(DATA + CLUSTER);
        image.put(0, TestImage.version(version).bytes());
        image.putLong(L1, L2).putLong(L2, entry);
        Arrays.fill(image.array(), DATA, DATA + CLUSTER, (byte) 7);
        return image;
    }

    private byte[] read(ByteBuffer bytes) throws Exception {
        try (Qcow2Image image = Qcow2Image.open(Files.write(directory.resolve("image"), bytes.array()))) {
            byte[] content = new byte[CLUSTER];
            image.read(0, content, 0, CLUSTER);
            return content;
        }
    }

    private void requireMalformed(ByteBuffer bytes, String why) {
        IOException e = catchThrowableOfType(IOException.class, () -> read(bytes));
        assertThat(e).hasMessageContaining(why).cause().isInstanceOf(VmmigException.class);
        assertThat(((VmmigException) e.getCause()).problem()).isEqualTo(Problem.IMAGE_MALFORMED);
    }

    @Test
    void readsData() throws Exception {
        assertThat(read(image(3, DATA))).containsOnly(7);
        assertThat(read(image(2, DATA | 1L << 63))).containsOnly(7);
    }

    @Test
    void readsZeros() throws Exception {
        assertThat(read(image(3, 0))).containsOnly(0);
        assertThat(read(image(3, 1))).containsOnly(0);
        assertThat(read(image(3, DATA | 1))).containsOnly(0);
        assertThat(read(image(3, DATA).putLong(L1, 0))).containsOnly(0);
    }

    @Test
    void refusesZeroClustersOfVersion2() {
        requireMalformed(image(2, DATA | 1), "zero cluster");
    }

    @ParameterizedTest
    @ValueSource(longs = {DATA + 512, DATA + CLUSTER, 1L << 55, 0x00ff_ffff_ffff_0000L})
    void refusesClustersThatAreNowhere(long entry) {
        requireMalformed(image(3, entry), "cluster at an impossible place");
    }

    @ParameterizedTest
    @ValueSource(longs = {COMPRESSED, COMPRESSED | 100, COMPRESSED | DATA + CLUSTER, COMPRESSED | (1L << 54) - 1})
    void refusesCompressedClustersThatAreNowhere(long entry) {
        requireMalformed(image(3, entry), "compressed cluster at an impossible place");
    }

    @Test
    void refusesCompressedClustersThatAreNone() {
        requireMalformed(image(3, COMPRESSED | DATA | 3L << 54), "cannot be decompressed");
        ByteBuffer stored = image(3, COMPRESSED | DATA | 3L << 54).put(DATA, new byte[] {3, 0});
        requireMalformed(stored, "too short");
    }

    @ParameterizedTest
    @ValueSource(longs = {L2 + 512, DATA + CLUSTER, 0x00ff_ffff_ffff_0000L})
    void refusesL2TablesThatAreNowhere(long table) {
        requireMalformed(image(3, DATA).putLong(L1, table), "L2 table");
    }

    @Test
    void refusesMoreL2TablesThanThereIsRoomFor() {
        ByteBuffer image = image(3, DATA);
        image.putInt(36, 8192);
        for (int i = 0; i < CLUSTER / 8; i++) {
            image.putLong(L1 + 8 * i, L2);
        }
        VmmigException e = catchThrowableOfType(VmmigException.class, () -> read(image));
        assertThat(e.problem()).isEqualTo(Problem.IMAGE_MALFORMED);
        assertThat(e).hasMessageContaining("more L2 tables");
    }

    @Test
    void refusesAnL1TableBehindTheEnd() {
        VmmigException e = catchThrowableOfType(
                VmmigException.class, () -> read(image(3, DATA).putLong(40, 1L << 40)));
        assertThat(e.problem()).isEqualTo(Problem.IMAGE_MALFORMED);
        assertThat(e).hasMessageContaining("L1 table");
    }

    @Test
    void refusesPartsThatAreThereAndAreNot() {
        ByteBuffer image = image(3, DATA).putLong(72, 16);
        requireMalformed(image.putLong(L2 + 8, 1L << 32 | 1), "there and is not");
        requireMalformed(image.putLong(L2, 0).putLong(L2 + 8, 1), "there and is not");
    }

    @Test
    void passesOverWhatIsNotThere() throws Exception {
        ByteBuffer bytes = image(3, 0).putLong(L2 + 8 * 5, DATA).putLong(L2 + 8 * 6, 1);
        try (Qcow2Image image = Qcow2Image.open(Files.write(directory.resolve("image"), bytes.array()))) {
            assertThat(image.nextData(0)).isEqualTo(5 * CLUSTER);
            assertThat(image.nextData(5 * CLUSTER + 4096)).isEqualTo(5 * CLUSTER + 4096);
            assertThat(image.nextData(6 * CLUSTER)).isEqualTo(1 << 20);
        }
    }
}
