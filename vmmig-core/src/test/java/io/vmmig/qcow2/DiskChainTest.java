// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vmmig.bundle.ImageFormat;
import io.vmmig.content.Digest;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.FileHoles;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class DiskChainTest {
    private static final Digest DIGEST = new Digest("ab".repeat(32));

    @TempDir
    private Path directory;

    @Test
    void aSingleImageTravelsWhole() throws Exception {
        Path image = write("a.qcow2", TestImage.version(3));
        DiskChain chain = DiskChain.read(image, ImageFormat.QCOW2, false);
        assertThat(chain.base()).isNull();
        assertThat(chain.layers())
                .containsExactly(new DiskChain.Image(image, ImageFormat.QCOW2, 1 << 20, Files.size(image)));
        assertThat(bytes(chain, 0, null)).isEqualTo(Files.readAllBytes(image));
    }

    @Test
    void aRawImageTravelsAsItIs() throws Exception {
        byte[] content = new byte[5000];
        new Random(1).nextBytes(content);
        Path image = Files.write(directory.resolve("a.raw"), content);
        DiskChain chain = DiskChain.read(image, ImageFormat.RAW, false);
        assertThat(chain.base()).isNull();
        assertThat(chain.layers()).containsExactly(new DiskChain.Image(image, ImageFormat.RAW, 5000, 5000));
        assertThat(bytes(chain, 0, null)).isEqualTo(content);
    }

    @Test
    void aRawImageIsRawWhateverTheGuestHasWrittenIntoIt() throws Exception {
        Path image = write("a.raw", TestImage.version(3).backing("/etc/shadow", "raw"));
        DiskChain chain = DiskChain.read(image, ImageFormat.RAW, false);
        assertThat(chain.layers()).hasSize(1);
        assertThat(bytes(chain, 0, null)).isEqualTo(Files.readAllBytes(image));
    }

    @ParameterizedTest
    @EnumSource
    void aReadOnlyImageStaysBehind(ImageFormat format) throws Exception {
        Path image = write("a", TestImage.version(3));
        DiskChain chain = DiskChain.read(image, format, true);
        assertThat(chain.layers()).isEmpty();
        assertThat(chain.base()).isNotNull().extracting(DiskChain.Image::path).isEqualTo(image);
    }

    @Test
    void theLowestImageOfAChainIsItsBase() throws Exception {
        Path base = write("base.qcow2", TestImage.version(2));
        Path middle = write("middle.qcow2", TestImage.version(3).backing("base.qcow2", "qcow2"));
        Path top = write("top.qcow2", TestImage.version(3).backing(middle.toString(), "qcow2"));
        for (boolean readOnly : new boolean[] {false, true}) {
            DiskChain chain = DiskChain.read(top, ImageFormat.QCOW2, readOnly);
            assertThat(chain.base())
                    .isNotNull()
                    .extracting(DiskChain.Image::path)
                    .isEqualTo(base);
            assertThat(chain.layers()).extracting(DiskChain.Image::path).containsExactly(middle, top);
            assertThat(TestImage.header(bytes(chain, 0, DIGEST)).backing())
                    .isEqualTo(new Qcow2Header.Backing("vmmig:sha256:" + "ab".repeat(32), "qcow2"));
            assertThat(TestImage.header(bytes(chain, 1, DIGEST)).backing())
                    .isEqualTo(new Qcow2Header.Backing("vmmig:layer:0", "qcow2"));
        }
    }

    @Test
    void onlyTheHeaderIsWrittenAnew() throws Exception {
        Files.write(directory.resolve("base"), new byte[512]);
        byte[] image = TestImage.version(3).backing("base", "raw").bytes();
        new Random(1).nextBytes(image);
        byte[] header = TestImage.version(3).backing("base", "raw").bytes();
        System.arraycopy(header, 0, image, 0, 1 << 16);
        Path top = Files.write(directory.resolve("top"), image);
        byte[] sent = bytes(DiskChain.read(top, ImageFormat.QCOW2, false), 0, DIGEST);
        assertThat(Arrays.copyOfRange(sent, 1 << 16, sent.length))
                .isEqualTo(Arrays.copyOfRange(image, 1 << 16, image.length));
        assertThat(new String(sent, 0, 1 << 16, java.nio.charset.StandardCharsets.ISO_8859_1))
                .doesNotContain(directory.toString());
    }

    /** As QEMU does it: by the name that was used, not by what links make of it. */
    @Test
    void relativeNamesStartAtTheOverlay() throws Exception {
        Path images = Files.createDirectory(directory.resolve("images"));
        Path overlays = Files.createDirectory(directory.resolve("overlays"));
        Files.write(images.resolve("base.raw"), new byte[512]);
        Files.createSymbolicLink(directory.resolve("linked"), overlays);
        write("overlays/top", TestImage.version(3).backing("../images/base.raw", "raw"));
        for (Path top : new Path[] {overlays.resolve("top"), directory.resolve("linked/top")}) {
            DiskChain.Image base = DiskChain.read(top, ImageFormat.QCOW2, false).base();
            assertThat(base).isNotNull();
            assertThat(base.path()).isAbsolute().isEqualTo(top.resolveSibling("../images/base.raw"));
            assertThat(base.virtualBytes()).isEqualTo(512);
        }
    }

    @Test
    void aColonBehindASlashIsNoProtocol() throws Exception {
        Files.write(directory.resolve("a:b"), new byte[512]);
        Path top = write("top", TestImage.version(3).backing("./a:b", "raw"));
        assertThat(DiskChain.read(top, ImageFormat.QCOW2, false).base()).isNotNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "file:base.raw",
                "file:///srv/base.raw",
                "json:{\"driver\":\"file\",\"filename\":\"/etc/shadow\"}",
                "nbd://host/export",
                "nbd:unix:/run/x",
                "vmmig:layer:0",
                "fat:/etc",
                "a:b",
                "two\nlines",
                "nul\0byte"
            })
    void refusesNamesThatAreNoPlainPaths(String name) throws Exception {
        Files.write(directory.resolve("base.raw"), new byte[512]);
        VmmigException e = refused(write("top", TestImage.version(3).backing(name, "raw")));
        assertThat(e.problem()).isEqualTo(Problem.DISK_UNSUPPORTED);
        assertThat(e).hasMessageContaining("not the plain path of a file");
        assertThat(e.getMessage()).doesNotContain("\n").doesNotContain("\0");
    }

    @Test
    void refusesABackingFileWithoutARecordedFormat() throws Exception {
        Files.write(directory.resolve("base.raw"), new byte[512]);
        VmmigException e = refused(write("top", TestImage.version(3).backing("base.raw", null)));
        assertThat(e.problem()).isEqualTo(Problem.DISK_UNSUPPORTED);
        assertThat(e).hasMessageContaining("base.raw").hasMessageContaining("does not record the format");
    }

    @ParameterizedTest
    @ValueSource(strings = {"vmdk", "luks", "host_device", "RAW"})
    void refusesOtherFormats(String format) throws Exception {
        Files.write(directory.resolve("base"), new byte[512]);
        VmmigException e = refused(write("top", TestImage.version(3).backing("base", format)));
        assertThat(e.problem()).isEqualTo(Problem.DISK_UNSUPPORTED);
        assertThat(e).hasMessageContaining(format);
    }

    @Test
    void refusesLoops() throws Exception {
        write("a", TestImage.version(3).backing("b", "qcow2"));
        write("c", TestImage.version(3).backing("a", "qcow2"));
        Files.createSymbolicLink(directory.resolve("b"), directory.resolve("c"));
        VmmigException e = refused(directory.resolve("a"));
        assertThat(e.problem()).isEqualTo(Problem.IMAGE_MALFORMED);
        assertThat(e).hasMessageContaining("has itself as a backing file");
    }

    @ParameterizedTest
    @CsvSource({"64, true", "65, false"})
    void followsSixtyFourImages(int images, boolean taken) throws Exception {
        write("0", TestImage.ofClusterBits(9));
        for (int i = 1; i < images; i++) {
            write(String.valueOf(i), TestImage.ofClusterBits(9).backing(String.valueOf(i - 1), "qcow2"));
        }
        Path top = directory.resolve(String.valueOf(images - 1));
        if (taken) {
            assertThat(DiskChain.read(top, ImageFormat.QCOW2, false).layers()).hasSize(63);
        } else {
            assertThat(refused(top)).hasMessageContaining("64th of its chain");
        }
    }

    @Test
    void saysWhatIsMissing() throws Exception {
        Path top = write("top", TestImage.version(3).backing("gone.raw", "raw"));
        for (Path path : new Path[] {top, directory.resolve("gone.raw")}) {
            VmmigException e = refused(path);
            assertThat(e.problem()).isEqualTo(Problem.FILE_FAILED);
            assertThat(e).hasMessageContaining("there is no file " + directory.resolve("gone.raw"));
        }
    }

    @Test
    void refusesWhatIsNoFile() throws Exception {
        Path top = write("top", TestImage.version(3).backing("/dev/null", "raw"));
        assertThat(refused(top).problem()).isEqualTo(Problem.DISK_UNSUPPORTED);
        assertThat(refused(directory).problem()).isEqualTo(Problem.DISK_UNSUPPORTED);
    }

    @Test
    void noticesThatAnImageWasChangedMeanwhile() throws Exception {
        Files.write(directory.resolve("base"), new byte[512]);
        Path top = write("top", TestImage.version(3).backing("base", "raw"));
        DiskChain chain = DiskChain.read(top, ImageFormat.QCOW2, false);
        for (TestImage other : new TestImage[] {
            TestImage.version(3).backing("other", "raw"),
            TestImage.version(3),
            TestImage.version(3).backing("base", "raw").with(24, 1L << 19)
        }) {
            write("top", other);
            requireBusy(chain, DIGEST);
        }
        Path raw = Files.write(directory.resolve("raw"), new byte[512]);
        DiskChain rawChain = DiskChain.read(raw, ImageFormat.RAW, false);
        Files.write(raw, new byte[1024]);
        requireBusy(rawChain, null);
    }

    private static void requireBusy(DiskChain chain, Digest digest) {
        assertThatThrownBy(() -> chain.open(0, digest, FileHoles.NONE))
                .isInstanceOfSatisfying(
                        VmmigException.class, e -> assertThat(e.problem()).isEqualTo(Problem.GUEST_BUSY));
    }

    private static DiskChain.Used used(Path path, ImageFormat format) {
        return new DiskChain.Used(path, format);
    }

    @Test
    void whatIsUsedCountsAndNotWhatTheHeaderNames() throws Exception {
        write("named", TestImage.version(3));
        Path other = Files.write(directory.resolve("other"), new byte[512]);
        for (Path top : List.of(
                write("top", TestImage.version(3).backing("named", "qcow2")), write("alone", TestImage.version(3)))) {
            DiskChain chain =
                    DiskChain.read(List.of(used(top, ImageFormat.QCOW2), used(other, ImageFormat.RAW)), true, false);
            assertThat(chain.base()).isEqualTo(new DiskChain.Image(other, ImageFormat.RAW, 512, 512));
            assertThat(chain.layers()).extracting(DiskChain.Image::path).containsExactly(top);
            assertThat(TestImage.header(bytes(chain, 0, DIGEST)).backing())
                    .isEqualTo(new Qcow2Header.Backing("vmmig:sha256:" + "ab".repeat(32), "raw"));
        }
    }

    @Test
    void aChainThatIsUsedUpToAnImageEndsThere() throws Exception {
        write("base", TestImage.version(3));
        Path middle = write("middle", TestImage.version(3).backing("base", "qcow2"));
        Path top = write("top", TestImage.version(3).backing("middle", "qcow2"));
        for (boolean readOnly : new boolean[] {false, true}) {
            DiskChain two = DiskChain.read(
                    List.of(used(top, ImageFormat.QCOW2), used(middle, ImageFormat.QCOW2)), true, readOnly);
            assertThat(two.base()).as("an image whose header names another").isNull();
            assertThat(two.layers()).extracting(DiskChain.Image::path).containsExactly(middle, top);
            assertThat(TestImage.header(bytes(two, 0, null)).backing()).isNull();
            assertThat(TestImage.header(bytes(two, 1, null)).backing())
                    .isEqualTo(new Qcow2Header.Backing("vmmig:layer:0", "qcow2"));

            DiskChain one = DiskChain.read(List.of(used(top, ImageFormat.QCOW2)), true, readOnly);
            assertThat(one.base()).isNull();
            assertThat(one.layers()).extracting(DiskChain.Image::path).containsExactly(top);
            assertThat(TestImage.header(bytes(one, 0, null)).backing()).isNull();
        }
    }

    @Test
    void whereItIsNotKnownWhatIsUsedTheHeaderIsBelieved() throws Exception {
        Path base = write("base", TestImage.version(3));
        Path middle = write("middle", TestImage.version(3).backing("base", "qcow2"));
        Path top = write("top", TestImage.version(3));
        DiskChain chain =
                DiskChain.read(List.of(used(top, ImageFormat.QCOW2), used(middle, ImageFormat.QCOW2)), false, false);
        assertThat(chain.base()).isNotNull().extracting(DiskChain.Image::path).isEqualTo(base);
        assertThat(chain.layers()).extracting(DiskChain.Image::path).containsExactly(middle, top);
    }

    @ParameterizedTest
    @ValueSource(strings = {"json:{\"file\":{\"filename\":\"/srv/x\"}}", "file:base", "no/such/file"})
    void theNameInAHeaderDoesNotMatterWhenItIsKnownWhatIsUsed(String name) throws Exception {
        Path base = Files.write(directory.resolve("base"), new byte[512]);
        Path top = write("top", TestImage.version(3).backing(name, null));
        DiskChain chain =
                DiskChain.read(List.of(used(top, ImageFormat.QCOW2), used(base, ImageFormat.RAW)), true, false);
        assertThat(TestImage.header(bytes(chain, 0, DIGEST)).backing())
                .isEqualTo(new Qcow2Header.Backing("vmmig:sha256:" + "ab".repeat(32), "raw"));
    }

    @Test
    void anImageThatIsUsedTwiceInAChainIsRefused() throws Exception {
        Path top = write("top", TestImage.version(3));
        assertThatThrownBy(() -> DiskChain.read(
                        List.of(used(top, ImageFormat.QCOW2), used(top, ImageFormat.QCOW2)), true, false))
                .isInstanceOfSatisfying(
                        VmmigException.class, e -> assertThat(e.problem()).isEqualTo(Problem.IMAGE_MALFORMED));
    }

    @Test
    void wantsTheDigestOfTheBaseAndNoOther() throws Exception {
        DiskChain alone = DiskChain.read(write("a", TestImage.version(3)), ImageFormat.QCOW2, false);
        assertThatThrownBy(() -> alone.open(0, DIGEST, FileHoles.NONE)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void onlyProblemsComeOutOfAnyBytes() throws Exception {
        Random random = new Random(7);
        Files.write(directory.resolve("base.img"), new byte[512]);
        byte[] seed = TestImage.ofClusterBits(9).backing("base.img", "raw").bytes();
        Path top = directory.resolve("top");
        int taken = 0;
        for (int i = 0; i < 1_500; i++) {
            byte[] image = seed.clone();
            for (int n = random.nextInt(4); n >= 0; n--) {
                image[random.nextInt(160)] = (byte) random.nextInt();
            }
            Files.write(top, random.nextInt(10) == 0 ? Arrays.copyOf(image, random.nextInt(1024)) : image);
            try {
                DiskChain chain = DiskChain.read(top, ImageFormat.QCOW2, false);
                bytes(chain, 0, chain.base() == null ? null : DIGEST);
                taken++;
            } catch (VmmigException e) {
                assertThat(e.problem()).isIn(Problem.IMAGE_MALFORMED, Problem.DISK_UNSUPPORTED, Problem.FILE_FAILED);
            }
        }
        assertThat(taken).isBetween(50, 1_450);
    }

    private Path write(String name, TestImage image) throws Exception {
        return Files.write(directory.resolve(name), image.bytes());
    }

    private static byte[] bytes(DiskChain chain, int layer, Digest base) throws Exception {
        try (InputStream in = chain.open(layer, base, FileHoles.NONE)) {
            return in.readAllBytes();
        }
    }

    private static VmmigException refused(Path top) {
        VmmigException e =
                catchThrowableOfType(VmmigException.class, () -> DiskChain.read(top, ImageFormat.QCOW2, false));
        assertThat(e).isNotNull();
        return e;
    }
}
