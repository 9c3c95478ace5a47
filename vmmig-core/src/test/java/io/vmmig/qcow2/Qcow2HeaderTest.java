// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.qcow2.Qcow2Header.Backing;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class Qcow2HeaderTest {
    private static final Backing OTHER = new Backing("/srv/images/other.qcow2", "qcow2");

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void tellsWhatTheImageStandsOn(int version) throws Exception {
        Qcow2Header header =
                TestImage.version(version).backing("base.img", "raw").header();
        assertThat(header.backing()).isEqualTo(new Backing("base.img", "raw"));
        assertThat(header.virtualBytes()).isEqualTo(1 << 20);
        assertThat(header.clusterBytes()).isEqualTo(1 << 16);
        assertThat(TestImage.version(version).header().backing()).isNull();
        assertThat(TestImage.version(version).backing("b", null).header().backing())
                .isEqualTo(new Backing("b", null));
    }

    @Test
    void leavesTheStreamAtTheSecondCluster() throws Exception {
        byte[] image = TestImage.version(3).with(3 << 16, 0x12345678).bytes();
        InputStream in = new ByteArrayInputStream(image);
        Qcow2Header.read(in, "the image");
        assertThat(in.available()).isEqualTo(image.length - (1 << 16));
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void namesAnotherBackingFile(int version) throws Exception {
        for (TestImage image : List.of(
                TestImage.version(version),
                TestImage.version(version).backing("base.img", "raw"),
                TestImage.version(version).backing("x".repeat(1023), null))) {
            assertThat(rewritten(image, OTHER).backing()).isEqualTo(OTHER);
            assertThat(rewritten(image, null).backing()).isNull();
            assertThat(rewritten(image, OTHER).virtualBytes()).isEqualTo(1 << 20);
        }
    }

    @Test
    void changesNothingElseThatMatters() throws Exception {
        byte[] before = TestImage.version(3).backing("base.img", "raw").bytes();
        byte[] after = TestImage.header(before).withBacking(new Backing("base.img", "raw"));
        assertThat(after).isEqualTo(Arrays.copyOf(before, 1 << 16));
    }

    @Test
    void forgetsTheOldBackingFileAltogether() throws Exception {
        String secret = "/srv/customers/secret-name.img";
        byte[] after = TestImage.version(3).backing(secret, "raw").header().withBacking(null);
        assertThat(new String(after, StandardCharsets.ISO_8859_1)).doesNotContain("secret");
    }

    @Test
    void keepsFeatureNamesAndDropsWhatItDoesNotKnow() throws Exception {
        byte[] names = new byte[96];
        Arrays.fill(names, (byte) 'n');
        byte[] after = TestImage.version(3)
                .extension(TestImage.BITMAPS, new byte[24])
                .extension(TestImage.FEATURE_NAMES, names)
                .extension(0x11223344, (byte) 'u', (byte) 'u', (byte) 'u', (byte) 'u')
                .with(80, -1L)
                .with(88, -1L)
                .header()
                .withBacking(OTHER);
        String text = new String(after, StandardCharsets.ISO_8859_1);
        assertThat(text).contains("n".repeat(96)).doesNotContain("uuuu");
        ByteBuffer fields = ByteBuffer.wrap(after);
        assertThat(fields.getLong(80)).as("compatible features: lazy refcounts").isEqualTo(1);
        assertThat(fields.getLong(88)).as("autoclear features").isZero();
    }

    @Test
    void dropsHeaderFieldsThatItDoesNotKnow() throws Exception {
        byte[] after = TestImage.version(3)
                .with(100, 128)
                .with(112, 0x1122334455667788L)
                .with(120, 0L)
                .header()
                .withBacking(null);
        assertThat(ByteBuffer.wrap(after).getInt(100)).isEqualTo(112);
        assertThat(ByteBuffer.wrap(after).getLong(112)).isZero();
    }

    @Test
    void takesTheShortestHeaderOfVersion3() throws Exception {
        TestImage image = TestImage.version(3).with(100, 104).backing("b", "raw");
        assertThat(image.header().backing()).isEqualTo(new Backing("b", "raw"));
        assertThat(rewritten(image, OTHER).backing()).isEqualTo(OTHER);
    }

    @Test
    void makesRoomInASmallClusterByDroppingFeatureNames() throws Exception {
        TestImage image = TestImage.ofClusterBits(9).extension(TestImage.FEATURE_NAMES, new byte[336]);
        Backing name = new Backing("/" + "x".repeat(370), "qcow2");
        assertThat(rewritten(image, name).backing()).isEqualTo(name);
    }

    @Test
    void saysWhenANameDoesNotFit() throws Exception {
        Qcow2Header small = TestImage.ofClusterBits(9).header();
        // 112 bytes of header, 16 of backing format, 8 to end the extensions.
        assertThat(small.withBacking(new Backing("x".repeat(376), "qcow2"))).hasSize(512);
        for (Qcow2Header header : List.of(small, TestImage.version(3).header())) {
            int length = header.clusterBytes() == 512 ? 377 : 1024;
            VmmigException e = catchThrowableOfType(
                    VmmigException.class, () -> header.withBacking(new Backing("x".repeat(length), "qcow2")));
            assertThat(e.problem()).isEqualTo(Problem.DISK_UNSUPPORTED);
            assertThat(e).hasMessageContaining("no room").hasMessageContaining(length + " bytes");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {9, 10, 12, 16, 20, 21})
    void takesEveryClusterSize(int bits) throws Exception {
        assertThat(TestImage.ofClusterBits(bits).header().clusterBytes()).isEqualTo(1 << bits);
    }

    static Stream<Arguments> features() {
        return Stream.of(
                Arguments.of(1L, 0, null),
                Arguments.of(1L << 3, 1 << 24, null),
                Arguments.of(1L << 4, 0, null),
                Arguments.of(1L << 1, 0, "corrupt"),
                Arguments.of(1L << 2, 0, "another file"),
                Arguments.of(1L << 5, 0, "not known"),
                Arguments.of(1L << 63, 0, "not known"),
                Arguments.of(1L << 3, 0, "compression"),
                Arguments.of(1L << 3, 2 << 24, "compression"),
                Arguments.of(0L, 1 << 24, "compression"));
    }

    @ParameterizedTest
    @MethodSource("features")
    void takesKnownFeaturesOnly(long features, int compression, String refusal) throws Exception {
        TestImage image = TestImage.version(3).with(72, features).with(104, compression);
        if (refusal == null) {
            byte[] after = image.header().withBacking(OTHER);
            assertThat(ByteBuffer.wrap(after).getLong(72)).isEqualTo(features);
            assertThat(ByteBuffer.wrap(after).getInt(104)).isEqualTo(compression);
        } else {
            assertThat(refused(image)).hasMessageContaining(refusal);
        }
    }

    static Stream<Arguments> unsupported() {
        return Stream.of(
                Arguments.of("encrypted", TestImage.version(3).with(32, 1)),
                Arguments.of("encrypted", TestImage.version(2).with(32, 2)),
                Arguments.of("encrypted", TestImage.version(3).extension(0x0537be77, new byte[16])),
                Arguments.of("another file", TestImage.version(3).extension(0x44415441, (byte) '/', (byte) 'e')),
                Arguments.of("version 1 ", TestImage.version(3).with(4, 1)),
                Arguments.of("version 4 ", TestImage.version(3).with(4, 4)),
                Arguments.of("version 4294967295 ", TestImage.version(3).with(4, -1)));
    }

    @ParameterizedTest
    @MethodSource("unsupported")
    void refusesWhatCannotTravel(String word, TestImage image) {
        assertThat(refused(image))
                .hasMessageContaining(word)
                .extracting(VmmigException::problem)
                .isEqualTo(Problem.DISK_UNSUPPORTED);
    }

    static Stream<Arguments> malformed() {
        return Stream.of(
                Arguments.of("not a qcow2 image", TestImage.version(3).with(0, 0x4b444d56)),
                Arguments.of("clusters", TestImage.version(3).with(20, 8)),
                Arguments.of("clusters", TestImage.version(3).with(20, 22)),
                Arguments.of("clusters", TestImage.version(3).with(20, -1)),
                Arguments.of("header", TestImage.version(3).with(100, 103)),
                Arguments.of("header", TestImage.version(3).with(100, 106)),
                Arguments.of("header", TestImage.version(3).with(100, (1 << 16) + 8)),
                Arguments.of("header", TestImage.version(3).with(100, -8)),
                Arguments.of("size", TestImage.version(3).with(24, -1L)),
                Arguments.of("L1", TestImage.version(3).with(24, Long.MAX_VALUE)),
                Arguments.of("L1", TestImage.version(3).with(36, 0)),
                Arguments.of("L1", TestImage.version(3).with(36, -1)),
                Arguments.of("L1", TestImage.version(3).with(36, (4 << 20) + 1)),
                Arguments.of("L1", TestImage.version(3).with(40, 0L)),
                Arguments.of("L1", TestImage.version(3).with(40, 1L << 15)),
                Arguments.of("L1", TestImage.version(3).with(40, (1L << 16) + 8)),
                Arguments.of("L1", TestImage.version(3).with(40, -(1L << 16))),
                Arguments.of("L1", TestImage.version(3).with(36, 1 << 20).with(40, Long.MAX_VALUE - (1 << 16) + 1)),
                Arguments.of("reference count", TestImage.version(3).with(48, 0L)),
                Arguments.of("reference count", TestImage.version(3).with(56, 0)),
                Arguments.of("reference count", TestImage.version(3).with(56, 129)),
                Arguments.of("reference count", TestImage.version(3).with(56, -1)),
                Arguments.of("reference count", TestImage.version(3).with(96, 7)),
                Arguments.of("reference count", TestImage.version(3).with(96, -1)),
                Arguments.of("snapshots", TestImage.version(3).with(60, 65_537)),
                Arguments.of("snapshot table", TestImage.version(3).with(60, 1)),
                Arguments.of("snapshot table", TestImage.version(3).with(60, 1).with(64, 512L)),
                Arguments.of("backing", TestImage.version(3).with(8, 72L).with(16, 4)),
                Arguments.of(
                        "backing", TestImage.version(3).with(8, (1L << 16) - 3).with(16, 4)),
                Arguments.of(
                        "backing", TestImage.version(3).with(8, (1L << 16) + 1).with(16, 0)),
                Arguments.of("backing", TestImage.version(3).with(8, -1L).with(16, 4)),
                Arguments.of("backing", TestImage.version(3).with(8, 512L).with(16, 1024)),
                Arguments.of("backing", TestImage.version(3).with(8, 512L).with(16, -1)),
                Arguments.of("extension", TestImage.version(3).extension(1, 1 << 16, new byte[8])),
                Arguments.of("extension", TestImage.version(3).extension(1, -1, new byte[8])),
                Arguments.of("extension", TestImage.version(3).extension(1, Integer.MIN_VALUE, new byte[8])),
                Arguments.of("twice", TestImage.version(3).extension(1).extension(1)),
                Arguments.of("backing format", TestImage.version(3).extension(TestImage.BACKING_FORMAT, new byte[16])),
                Arguments.of("L2", TestImage.ofClusterBits(12).with(72, 1L << 4).with(36, 4096)));
    }

    @ParameterizedTest
    @MethodSource("malformed")
    void refusesWhatBreaksTheRules(String word, TestImage image) {
        assertThat(refused(image))
                .hasMessageContaining(word)
                .extracting(VmmigException::problem)
                .isEqualTo(Problem.IMAGE_MALFORMED);
    }

    @Test
    void refusesANameThatIsNotText() {
        byte[] image = TestImage.version(3).backing("abc", "raw").bytes();
        image[(int) ByteBuffer.wrap(image).getLong(8)] = (byte) 0xff;
        assertThat(refused(image)).hasMessageContaining("UTF-8");
    }

    @Test
    void refusesEveryTruncation() {
        byte[] image = TestImage.ofClusterBits(9).backing("b", "raw").bytes();
        for (int length = 0; length < 512; length++) {
            assertThat(refused(Arrays.copyOf(image, length)).problem()).isEqualTo(Problem.IMAGE_MALFORMED);
        }
    }

    @Test
    void survivesAnyBytes() throws Exception {
        Random random = new Random(42);
        List<byte[]> seeds = List.of(
                TestImage.version(2).backing("base.img", "raw").bytes(),
                TestImage.version(3).backing("base.img", "qcow2").bytes(),
                TestImage.ofClusterBits(9).backing("base.img", "raw").bytes(),
                TestImage.ofClusterBits(9)
                        .extension(TestImage.FEATURE_NAMES, new byte[48])
                        .bytes());
        Map<Boolean, Integer> outcomes = new java.util.HashMap<>();
        for (int i = 0; i < 20_000; i++) {
            byte[] image = seeds.get(i % seeds.size()).clone();
            for (int n = random.nextInt(4); n >= 0; n--) {
                mutate(image, random);
            }
            outcomes.merge(survives(image), 1, Integer::sum);
        }
        assertThat(outcomes.get(true)).isGreaterThan(1000);
        assertThat(outcomes.get(false)).isGreaterThan(1000);
    }

    private static void mutate(byte[] image, Random random) {
        int at = random.nextInt(200);
        switch (random.nextInt(3)) {
            case 0 -> image[at] ^= (byte) (1 << random.nextInt(8));
            case 1 -> image[at] = (byte) random.nextInt();
            default -> ByteBuffer.wrap(image).putInt(at, random.nextInt(8) - 4);
        }
    }

    /** Whether the header was taken; then what it is rewritten to is sound as well. */
    private static boolean survives(byte[] image) throws Exception {
        byte[] after;
        try {
            after = TestImage.header(image).withBacking(OTHER);
        } catch (VmmigException e) {
            assertThat(e.problem()).isIn(Problem.IMAGE_MALFORMED, Problem.DISK_UNSUPPORTED);
            return false;
        }
        Qcow2Header again = TestImage.header(after);
        assertThat(again.backing()).isEqualTo(OTHER);
        assertThat(again.withBacking(OTHER)).isEqualTo(after);
        return true;
    }

    private static Qcow2Header rewritten(TestImage image, Backing backing) throws Exception {
        return TestImage.header(image.header().withBacking(backing));
    }

    private static VmmigException refused(TestImage image) {
        return refused(image.bytes());
    }

    private static VmmigException refused(byte[] image) {
        VmmigException e = catchThrowableOfType(VmmigException.class, () -> TestImage.header(image));
        assertThat(e).isNotNull();
        return e;
    }
}
