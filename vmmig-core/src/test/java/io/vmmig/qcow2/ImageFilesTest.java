// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vmmig.bundle.ImageFormat;
import io.vmmig.bundle.Manifest;
import io.vmmig.content.Digest;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.files.NewFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ImageFilesTest {
    private static final Digest DIGEST = new Digest("ab".repeat(32));
    private static final String BASE_NAME = "vmmig:sha256:" + "ab".repeat(32);
    private static final Manifest.Layer QCOW2 = new Manifest.Layer(ImageFormat.QCOW2, 1 << 20, 1000);

    /** Two layers on a raw base. */
    private static final Manifest.Disk ON_BASE = new Manifest.Disk(
            "vda", List.of(QCOW2, QCOW2), new Manifest.Base(new Manifest.Content(DIGEST, 512), ImageFormat.RAW));

    private static final Manifest.Disk ALONE = new Manifest.Disk("vda", List.of(QCOW2), null);

    @TempDir
    private Path directory;

    private Path file;
    private Path backing;

    @BeforeEach
    void name() {
        file = directory.resolve("image");
        backing = directory.resolve("backing");
    }

    @Test
    void writesAKernel() throws Exception {
        byte[] content = new byte[700_001];
        new Random(1).nextBytes(content);
        create(new ByteArrayInputStream(content), file);
        assertThat(file).hasBinaryContent(content);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
    }

    @Test
    void writesAnEmptyFile() throws Exception {
        create(InputStream.nullInputStream(), file);
        assertThat(file).isEmptyFile();
    }

    @Test
    void makesAnOverlayInWholeSectors() throws Exception {
        Files.write(backing, new byte[700_001]);
        DiskChain.Image below =
                DiskChain.read(backing, ImageFormat.RAW, false).layers().get(0);
        ImageFiles.makeOverlay(file, below);
        DiskChain chain = DiskChain.read(file, ImageFormat.QCOW2, false);
        assertThat(chain.base()).isEqualTo(below);
        assertThat(chain.layers()).extracting(DiskChain.Image::virtualBytes).containsExactly(1368 * 512L);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThatThrownBy(() -> ImageFiles.makeOverlay(file, below)).isInstanceOf(FileAlreadyExistsException.class);
    }

    @Test
    void replacesNothing() throws Exception {
        Files.writeString(file, "mine");
        Path link = Files.createSymbolicLink(directory.resolve("link"), directory.resolve("elsewhere"));
        for (Path taken : List.of(file, link)) {
            assertThatThrownBy(() -> create(InputStream.nullInputStream(), taken))
                    .isInstanceOf(FileAlreadyExistsException.class);
        }
        assertThat(file).hasContent("mine");
        assertThat(link).isSymbolicLink();
        assertThat(directory.resolve("elsewhere")).doesNotExist();
    }

    @Test
    void leavesNothingWhenReadingFails() {
        InputStream in = new SequenceInputStream(new ByteArrayInputStream(new byte[100_000]), new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("the line broke");
            }
        });
        assertThatThrownBy(() -> create(in, file)).hasMessage("the line broke");
        assertThat(file).doesNotExist();
    }

    /** What is read comes in odd pieces, and the blocks of zeros lie anywhere. */
    @Test
    void keepsEveryByteOfASparseFile() throws Exception {
        Random random = new Random(3);
        for (int round = 0; round < 60; round++) {
            byte[] content = new byte[random.nextInt(100_000)];
            for (int n = random.nextInt(5); n > 0 && content.length > 0; n--) {
                int from = random.nextInt(content.length);
                int to = from + random.nextInt(Math.min(content.length - from, 20_000));
                for (int i = from; i < to; i++) {
                    content[i] = (byte) random.nextInt();
                }
            }
            Path image = directory.resolve("image" + round);
            create(new Dripping(content, random), image);
            assertThat(Files.readAllBytes(image)).isEqualTo(content);
        }
    }

    @Test
    void takesNoSpaceForZeros() throws Exception {
        byte[] content = new byte[8 << 20];
        content[5 << 20] = 1;
        Move.writeLayer(new ByteArrayInputStream(content), raw(content.length), 0, file, null);
        assertThat(file).hasBinaryContent(content);
        Process du = new ProcessBuilder("du", "--block-size=1", file.toString()).start();
        String allocated = new String(du.getInputStream().readAllBytes()).split("\t")[0];
        assertThat(Long.parseLong(allocated)).isLessThan(64 << 10);
    }

    @Test
    void writesALayerOnItsBase() throws Exception {
        byte[] image = TestImage.version(3).backing(BASE_NAME, "raw").bytes();
        Arrays.fill(image, 2 << 16, 3 << 16, (byte) 7);
        // L1 → L2 at cluster 4 → data at cluster 2.
        byte[] mapped = Arrays.copyOf(image, 5 << 16);
        ByteBuffer.wrap(mapped).putLong(3 << 16, 1L << 63 | 4 << 16).putLong(4 << 16, 1L << 63 | 2 << 16);
        image = mapped;
        write(image, ON_BASE, 0, backing);
        byte[] written = Files.readAllBytes(file);
        assertThat(TestImage.header(written).backing()).isEqualTo(new Qcow2Header.Backing(backing.toString(), "raw"));
        assertThat(Arrays.copyOfRange(written, 2 << 16, 5 << 16))
                .isEqualTo(Arrays.copyOfRange(image, 2 << 16, image.length));
        assertThat(new String(written, java.nio.charset.StandardCharsets.ISO_8859_1))
                .doesNotContain("vmmig:");
    }

    @Test
    void writesALayerOnALayer() throws Exception {
        byte[] image = TestImage.version(2).backing("vmmig:layer:0", "qcow2").bytes();
        write(image, ON_BASE, 1, backing);
        assertThat(TestImage.header(Files.readAllBytes(file)).backing())
                .isEqualTo(new Qcow2Header.Backing(backing.toString(), "qcow2"));
    }

    @Test
    void writesALayerThatStandsAlone() throws Exception {
        write(TestImage.version(3).bytes(), ALONE, 0, null);
        assertThat(TestImage.header(Files.readAllBytes(file)).backing()).isNull();
    }

    @Test
    void namesTheBackingFileByItsAbsolutePath() throws Exception {
        Path relative = Path.of("").toAbsolutePath().relativize(backing);
        write(TestImage.version(3).backing(BASE_NAME, "raw").bytes(), ON_BASE, 0, relative);
        Qcow2Header.Backing written = TestImage.header(Files.readAllBytes(file)).backing();
        assertThat(written).isNotNull();
        assertThat(Path.of(written.name())).isAbsolute();
    }

    static Stream<Arguments> hostile() {
        return Stream.of(
                Arguments.of(ALONE, 0, TestImage.version(3).backing("/etc/shadow", "raw")),
                Arguments.of(ALONE, 0, TestImage.version(3).backing(BASE_NAME, "raw")),
                Arguments.of(ON_BASE, 0, TestImage.version(3).backing("/etc/shadow", "raw")),
                Arguments.of(ON_BASE, 0, TestImage.version(3)),
                Arguments.of(ON_BASE, 0, TestImage.version(3).backing(BASE_NAME, "qcow2")),
                Arguments.of(ON_BASE, 0, TestImage.version(3).backing(BASE_NAME, null)),
                Arguments.of(ON_BASE, 0, TestImage.version(3).backing(BASE_NAME + "\0", "raw")),
                Arguments.of(ON_BASE, 0, TestImage.version(3).backing("vmmig:sha256:" + "cd".repeat(32), "raw")),
                Arguments.of(ON_BASE, 0, TestImage.version(3).backing("vmmig:layer:0", "raw")),
                Arguments.of(ON_BASE, 1, TestImage.version(3).backing("vmmig:layer:1", "qcow2")),
                Arguments.of(ON_BASE, 1, TestImage.version(3).backing("vmmig:layer:0", "raw")),
                Arguments.of(ON_BASE, 1, TestImage.version(3).backing(BASE_NAME, "raw")),
                Arguments.of(ALONE, 0, TestImage.version(3).with(24, 1L << 21)),
                Arguments.of(ALONE, 0, TestImage.version(3).with(24, (1L << 20) - 512)),
                Arguments.of(ALONE, 0, TestImage.version(3).with(72, 4L)),
                Arguments.of(
                        ALONE, 0, TestImage.version(3).with(72, 4L).extension(0x44415441, "/etc/shadow".getBytes())),
                Arguments.of(ALONE, 0, TestImage.version(3).extension(0x44415441, "/etc/shadow".getBytes())),
                Arguments.of(ALONE, 0, TestImage.version(3).with(32, 2)),
                Arguments.of(ALONE, 0, TestImage.version(3).with(72, 2L)),
                Arguments.of(ALONE, 0, TestImage.version(3).with(72, 1L << 40)));
    }

    @ParameterizedTest
    @MethodSource("hostile")
    void refusesWhatTheManifestDoesNotSay(Manifest.Disk disk, int layer, TestImage image) throws Exception {
        Path below = disk.base() == null ? null : backing;
        VmmigException e = catchThrowableOfType(VmmigException.class, () -> write(image.bytes(), disk, layer, below));
        assertThat(e).isNotNull().hasMessageContaining("layer " + layer + " of disk vda");
        assertThat(e.problem()).isIn(Problem.IMAGE_MALFORMED, Problem.DISK_UNSUPPORTED);
        assertThat(e.getMessage()).doesNotContain("\0");
        Move.requireNoImage(file);
    }

    @Test
    void refusesARawLayerOfAnotherSize() throws Exception {
        for (int size : new int[] {0, 4095, 4097, 1 << 20}) {
            VmmigException e = catchThrowableOfType(
                    VmmigException.class,
                    () -> Move.writeLayer(new ByteArrayInputStream(new byte[size]), raw(4096), 0, file, null));
            assertThat(e.problem()).isEqualTo(Problem.IMAGE_MALFORMED);
        }
    }

    @Test
    void refusesARawLayerOnAnother() {
        Manifest.Layer raw = new Manifest.Layer(ImageFormat.RAW, 512, 512);
        VmmigException e = catchThrowableOfType(
                VmmigException.class,
                () -> write(new byte[512], new Manifest.Disk("vda", List.of(raw, raw), null), 1, backing));
        assertThat(e.problem()).isEqualTo(Problem.IMAGE_MALFORMED);
    }

    @Test
    void saysWhenThePathDoesNotFitIntoTheHeader() throws Exception {
        byte[] image = TestImage.ofClusterBits(9).backing(BASE_NAME, "raw").bytes();
        Path deep = directory.resolve("d".repeat(200)).resolve("e".repeat(200)).resolve("f");
        VmmigException e = catchThrowableOfType(VmmigException.class, () -> write(image, ON_BASE, 0, deep));
        assertThat(e.problem()).isEqualTo(Problem.DISK_UNSUPPORTED);
        assertThat(e).hasMessageContaining("no room in its header").hasMessageContaining("shorter paths");
        Move.requireNoImage(file);
    }

    @Test
    void wantsABackingFileExactlyIfThereIsOne() {
        assertThatThrownBy(() -> write(TestImage.version(3).bytes(), ALONE, 0, backing))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> write(TestImage.version(3).bytes(), ON_BASE, 0, null))
                .isInstanceOf(IllegalArgumentException.class);
    }

    /** Whatever gets through names no other file than ours. */
    @Test
    void nothingHostileGetsThrough() throws Exception {
        Random random = new Random(5);
        byte[] seed = TestImage.ofClusterBits(9).backing(BASE_NAME, "raw").bytes();
        int taken = 0;
        for (int i = 0; i < 1_500; i++) {
            byte[] image = seed.clone();
            for (int n = random.nextInt(4); n >= 0; n--) {
                image[random.nextInt(240)] = (byte) random.nextInt();
            }
            Files.deleteIfExists(file);
            try {
                write(random.nextInt(10) == 0 ? Arrays.copyOf(image, random.nextInt(600)) : image, ON_BASE, 0, backing);
                assertThat(TestImage.header(Files.readAllBytes(file)).backing())
                        .isEqualTo(new Qcow2Header.Backing(backing.toString(), "raw"));
                taken++;
            } catch (VmmigException e) {
                assertThat(e.problem()).isIn(Problem.IMAGE_MALFORMED, Problem.DISK_UNSUPPORTED);
                Move.requireNoImage(file);
            }
        }
        assertThat(taken).isBetween(50, 1_450);
    }

    private static void create(InputStream in, Path file) throws IOException {
        try (NewFile out = NewFile.create(file)) {
            out.append(in, Long.MAX_VALUE, null);
            out.finish();
        }
    }

    private void write(byte[] image, Manifest.Disk disk, int layer, @Nullable Path below) throws Exception {
        Move.writeLayer(new ByteArrayInputStream(image), disk, layer, file, below);
    }

    private static Manifest.Disk raw(int bytes) {
        return new Manifest.Disk("vda", List.of(new Manifest.Layer(ImageFormat.RAW, bytes, bytes)), null);
    }

    /** Gives a few bytes at a time, as a network does. */
    private static final class Dripping extends InputStream {
        private final ByteArrayInputStream content;
        private final Random random;

        Dripping(byte[] content, Random random) {
            this.content = new ByteArrayInputStream(content);
            this.random = random;
        }

        @Override
        public int read() {
            return content.read();
        }

        @Override
        public int read(byte[] bytes, int offset, int length) {
            return content.read(bytes, offset, length == 0 ? 0 : 1 + random.nextInt(Math.min(length, 5000)));
        }
    }
}
