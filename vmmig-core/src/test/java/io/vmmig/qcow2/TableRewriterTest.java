// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vmmig.bundle.ImageFormat;
import io.vmmig.bundle.Manifest;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.files.NewFile;
import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An image of 8 clusters of 64 KiB: header, counts (table, block), L1, L2, two of data, one that nothing uses. */
class TableRewriterTest {
    private static final int CLUSTER = 1 << 16;
    private static final int L1 = 3 * CLUSTER;
    private static final int L2 = 4 * CLUSTER;
    private static final long COPIED = 1L << 63;
    private static final long COMPRESSED = 1L << 62;

    @TempDir
    private Path directory;

    private Path file;
    private ByteBuffer image;

    @BeforeEach
    void makeImage() {
        file = directory.resolve("image");
        image = ByteBuffer.wrap(Arrays.copyOf(TestImage.version(3).bytes(), 8 * CLUSTER));
        image.putLong(L1, COPIED | L2);
        image.putLong(L2, COPIED | 5L * CLUSTER).putLong(L2 + 8, COPIED | 6L * CLUSTER);
        Arrays.fill(image.array(), 5 * CLUSTER, 6 * CLUSTER, (byte) 5);
        Arrays.fill(image.array(), 6 * CLUSTER, 7 * CLUSTER, (byte) 6);
        Arrays.fill(image.array(), 7 * CLUSTER, 8 * CLUSTER, (byte) 0xee);
    }

    private ByteBuffer write() throws Exception {
        Manifest.Disk disk = new Manifest.Disk("vda", List.of(new Manifest.Layer(ImageFormat.QCOW2, 1 << 20, 1)), null);
        Files.deleteIfExists(file);
        Move.writeLayer(new ByteArrayInputStream(image.array()), disk, 0, file, null);
        return ByteBuffer.wrap(Files.readAllBytes(file));
    }

    private static int count(ByteBuffer written, int cluster) {
        long block = written.getLong((int) written.getLong(48));
        return written.getShort((int) block + 2 * cluster);
    }

    @Test
    void countsWhatIsUsedAndNothingElse() throws Exception {
        Arrays.fill(image.array(), CLUSTER, 3 * CLUSTER, (byte) 0x7f);
        image.putLong(72, 1);
        ByteBuffer written = write();
        assertThat(written.capacity()).isEqualTo(8 * CLUSTER);
        assertThat(written.getLong(72))
                .as("counts are right now, so it is not dirty")
                .isZero();
        assertThat(written.getInt(96)).isEqualTo(4);
        for (int cluster = 0; cluster < 7; cluster++) {
            assertThat(count(written, cluster)).as("cluster %d", cluster).isEqualTo(1);
        }
        for (int cluster = 7; cluster < CLUSTER / 2; cluster++) {
            assertThat(count(written, cluster)).as("cluster %d", cluster).isZero();
        }
        assertThat(Arrays.copyOfRange(written.array(), 3 * CLUSTER, 8 * CLUSTER))
                .isEqualTo(Arrays.copyOfRange(image.array(), 3 * CLUSTER, 8 * CLUSTER));
    }

    @Test
    void compressedPiecesShareClusters() throws Exception {
        image.putLong(L2, COMPRESSED | 7L * CLUSTER).putLong(L2 + 8, COMPRESSED | 7L * CLUSTER + 300);
        image.putLong(L2 + 16, COMPRESSED | 1L << 54 | 7L * CLUSTER - 512);
        ByteBuffer written = write();
        assertThat(count(written, 7)).isEqualTo(3);
        assertThat(count(written, 6)).isEqualTo(1);
    }

    @Test
    void marksWhatHasOneUserOnly() throws Exception {
        image.putLong(L1, L2).putLong(L2, 5L * CLUSTER).putLong(L2 + 16, COPIED | 1);
        ByteBuffer written = write();
        assertThat(written.getLong(L1)).isEqualTo(COPIED | L2);
        assertThat(written.getLong(L2)).isEqualTo(COPIED | 5L * CLUSTER);
        assertThat(written.getLong(L2 + 16)).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({
        // What points where, in hexadecimal: L1 to something odd, or L2.
        "30000, 8000000000000000", // no table at all, and yet an entry
        "30000, 8000000000000200",
        "30000, 8000000000080000", // behind the end
        "30000, 80fffffffffff000",
        "30000, 8000000000030000", // the L1 table itself
        "30000, 8100000000040000", // a bit that means nothing
        "30000, 8000000000040001",
        "30008, 8000000000040000", // the same table twice
        "40010, 8000000000000000", // the header is not for guests to write: no cluster, but COPIED is harmless
        "40010, 8000000000030000", // the L1 table
        "40010, 8000000000040000", // the L2 table
        "40010, 8000000000050000", // data of another place
        "40010, 8000000000080000", // behind the end
        "40010, 0000000000050200",
        "40010, 2000000000070000",
        "40010, 8000000000070002",
        "40010, 4000000000000000", // compressed, in the header
        "40010, 4000000000080000", // compressed, behind the end
        "40010, 4000000000050010", // compressed, where other data is
        "40010, 7fc0000000070000", // compressed, of more sectors than the file has
        "40010, c000000000070000"
    })
    void refusesUnsoundTables(String at, String entry) throws Exception {
        if (at.equals("30008")) {
            image.putInt(36, 2);
        }
        image.putLong(Integer.parseInt(at, 16), Long.parseUnsignedLong(entry, 16));
        if (entry.equals("8000000000000000") && at.equals("40010")) {
            assertThat(write().getLong(L2 + 16)).isZero();
            return;
        }
        VmmigException e = catchThrowableOfType(VmmigException.class, this::write);
        assertThat(e).isNotNull();
        assertThat(e.problem()).isEqualTo(Problem.IMAGE_MALFORMED);
        Move.requireNoImage(file);
    }

    @Test
    void refusesSnapshotsAndTablesBehindTheEnd() {
        image.putInt(60, 1).putLong(64, 2L * CLUSTER);
        assertThat(catchThrowableOfType(VmmigException.class, this::write).problem())
                .isEqualTo(Problem.DISK_UNSUPPORTED);
        image.putInt(60, 0).putLong(40, 9L * CLUSTER);
        assertThat(catchThrowableOfType(VmmigException.class, this::write).problem())
                .isEqualTo(Problem.IMAGE_MALFORMED);
    }

    /** Whatever gets through, each cluster has as many users as its count says. */
    @Test
    void noiseInTheTables() throws Exception {
        Random random = new Random(7);
        byte[] good = image.array().clone();
        int taken = 0;
        for (int i = 0; i < 400; i++) {
            System.arraycopy(good, 0, image.array(), 0, good.length);
            for (int n = random.nextInt(3); n >= 0; n--) {
                image.put((random.nextBoolean() ? L1 : L2) + random.nextInt(24), (byte) (1 << random.nextInt(8)));
            }
            try {
                write();
                taken++;
            } catch (VmmigException e) {
                assertThat(e.problem()).isEqualTo(Problem.IMAGE_MALFORMED);
                Move.requireNoImage(file);
            }
        }
        assertThat(taken).isBetween(5, 395);
    }

    /** A file of 4 TiB of nothing, with one table at its end: neither memory nor time follows the size. To read it takes many minutes. */
    @Test
    @Timeout(60)
    void sparseGiantsCostNothing() throws Exception {
        long end = 1L << 42;
        image.putLong(L1, COPIED | end);
        Qcow2Header header = TestImage.header(image.array());
        try (NewFile giant = NewFile.create(file)) {
            giant.write(ByteBuffer.wrap(image.array()), 0);
            giant.write(ByteBuffer.wrap(new byte[CLUSTER]), end);
            assertThat(TableRewriter.rewrite(giant, header, new ImageProblems("it")))
                    .isNotNull();
        }
    }
}
