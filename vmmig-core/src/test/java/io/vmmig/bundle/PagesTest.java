// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.github.luben.zstd.Zstd;
import io.vmmig.bundle.Packages.Contents;
import io.vmmig.content.Digest;
import io.vmmig.content.Level;
import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.page.PageSource;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The law: what comes out is what went in, byte for byte, whatever it is. */
@Tag("once")
class PagesTest {
    private static final byte[][] BEFORE = RamStream.pages(5000, 11);

    @ParameterizedTest
    @EnumSource
    void streamsOfEveryLevel(Level level) throws Exception {
        byte[] stream = RamStream.of(RamStream.pages(3000, 1), RamStream.pages(1, 2), RamStream.pages(700, 3));
        assertThat(roundTrip(stream, level).length).isLessThan(stream.length * 2 / 3);
    }

    @Test
    void anythingElse() throws Exception {
        for (int length : new int[] {0, 1, 7, 8, 9, 4095, 4096, 4097, 5 << 20}) {
            roundTrip(Packages.memory(length, length), Level.FASTEST);
        }
        byte[] begins = RamStream.of(RamStream.pages(50, 4));
        for (int length = 0; length < 200; length++) {
            roundTrip(Arrays.copyOf(begins, length), Level.FASTEST);
        }
    }

    @Test
    void damagedStreams() throws Exception {
        byte[] stream = RamStream.of(RamStream.pages(300, 5), RamStream.pages(40, 6));
        Random random = new Random(7);
        for (int i = 0; i < 80; i++) {
            byte[] damaged = stream.clone();
            for (int j = 0; j <= i % 5; j++) {
                int at = random.nextInt(i % 3 == 0 ? 200 : damaged.length);
                damaged[at] = (byte) random.nextInt();
            }
            roundTrip(Arrays.copyOf(damaged, damaged.length - random.nextInt(damaged.length / 2)), Level.FASTEST);
        }
    }

    @Test
    void recordsThatJumpToAndFro() throws Exception {
        byte[] stream = RamStream.of(RamStream.pages(20_000, 8));
        Random random = new Random(9);
        // The address of every other record of a page of zeros.
        for (int at = 100; at < stream.length - 9; at++) {
            if (stream[at + 7] == 0x22 && stream[at] == 0 && random.nextBoolean()) {
                stream[at + 3] = (byte) random.nextInt();
            }
        }
        roundTrip(stream, Level.BALANCED);
    }

    @Test
    void pagesOfReferences() throws Exception {
        byte[][] now = BEFORE.clone();
        Random random = new Random(12);
        for (int i = 0; i < 200; i++) {
            int page = random.nextInt(now.length);
            now[page] = now[page] == null ? null : now[page].clone();
            if (now[page] != null) {
                now[page][random.nextInt(RamStream.PAGE_BYTES)] ^= 1;
            }
        }
        byte[] stream = RamStream.of(now);
        PageSource base = new MemoryPages(RamStream.pages(100, 99));
        PageSource earlier = new MemoryPages(BEFORE);
        int without = roundTrip(stream, Level.BALANCED).length;
        assertThat(roundTrip(stream, Level.BALANCED, base, earlier).length).isLessThan(without / 50);
    }

    @Test
    void pagesOfAKernelThatDifferByRelocationBeforeTheFirstThatDoesNot() throws Exception {
        byte[][] kernel = new byte[300][RamStream.PAGE_BYTES];
        Random random = new Random(15);
        for (byte[] page : kernel) {
            random.nextBytes(page);
        }
        byte[][] memory = new byte[310][];
        for (int i = 0; i < kernel.length; i++) {
            memory[i + 10] = kernel[i].clone();
            if (i < 250) {
                memory[i + 10][i] ^= 1;
            }
        }
        Manifest.Reference boot =
                new Manifest.Reference(Manifest.Reference.Kind.BOOT, new Digest(String.format("%064x", 1)));
        List<PageSource> references = List.of(new MemoryPages(kernel));

        byte[] stream = RamStream.of(memory);
        byte[] bytes = write(stream, Level.BALANCED, List.of(boot), references);

        assertThat(bytes.length).isLessThan(30 * RamStream.PAGE_BYTES);
        assertThat(read(bytes, references)).isEqualTo(stream);
    }

    @Test
    void pagesOfDisksComeAgainInTheSnapshot() throws Exception {
        byte[] disk = Packages.memory(8 << 20, 13);
        byte[][] cached = new byte[disk.length / RamStream.PAGE_BYTES][];
        for (int i = 0; i < cached.length; i++) {
            cached[i] = Arrays.copyOfRange(disk, i * RamStream.PAGE_BYTES, (i + 1) * RamStream.PAGE_BYTES);
        }
        Manifest manifest = Manifests.of(
                List.of(new Manifest.Disk("vda", List.of(new Manifest.Layer(ImageFormat.RAW, disk.length, 0)), null)));
        Map<String, byte[]> streams = new java.util.LinkedHashMap<>();
        streams.put("disks/vda.0.raw", disk);
        streams.put("snapshot", RamStream.of(cached));
        Contents contents = new Contents(manifest, "<domain/>", null, streams);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (PackageWriter writer = PackageWriter.to(out, manifest)) {
            PackageSummary summary = Packages.write(contents, writer);
            assertThat(summary.content("snapshot").orElseThrow().storedBytes()).isLessThan(60_000);
        }
        Packages.assertSame(Packages.read(out.toByteArray()), contents);
    }

    @Test
    void hostileInstructions() throws Exception {
        List<byte[]> bodies = List.of(
                new byte[0],
                new byte[] {1, 0, 0},
                body(new int[] {8}),
                body(new int[] {0x20, 1}),
                body(new int[] {0x17, 1}),
                body(new int[] {0}),
                body(new int[] {0, 1}),
                body(new int[] {0, 2}, 1),
                body(new int[] {0, 1}, 1, 2),
                body(new int[] {2, 1}, 1, 2, 3),
                body(new int[] {3, 1}),
                body(new int[] {4, 1, 0}),
                body(new int[] {4, 1, 1}),
                body(new int[] {4, 1, 0x81, 0x40}),
                body(new int[] {5, 1, 0, 0}),
                body(new int[] {5, 1, 1, 0}),
                body(new int[] {6, 1, 0, 0}),
                body(new int[] {1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}),
                body(new int[] {0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}));
        for (byte[] body : bodies) {
            assertThat(problemOf(body, List.of())).as(Arrays.toString(body)).isEqualTo(Problem.PACKAGE_MALFORMED);
        }
        PageSource two = new MemoryPages(new byte[RamStream.PAGE_BYTES], new byte[RamStream.PAGE_BYTES]);
        for (int[] code :
                new int[][] {{5, 3, 0, 0}, {5, 1, 0, 1}, {5, 1, 0, 4}, {5, 2, 0, 2}, {5, 1, 1, 0}, {6, 1, 0, 0}}) {
            assertThat(problemOf(body(code), List.of(two)))
                    .as(Arrays.toString(code))
                    .isEqualTo(Problem.PACKAGE_MALFORMED);
        }
        // Bombs: five bytes that become more than a segment may be.
        for (int[] code :
                new int[][] {{3, 0x81, 8, 0}, {0x13, 0x80, 8, 0}, {7, 0xff, 0xff, 0x7f}, {7, 0xab, 0xe3, 0x1c}}) {
            assertThat(problemOf(body(code), List.of()))
                    .as(Arrays.toString(code))
                    .isEqualTo(Problem.PACKAGE_LIMIT_EXCEEDED);
        }
    }

    /** Each takes a hundredth of a second. */
    private static final int CHANGES = Integer.getInteger("vmmig.fuzzedInstructions", 150);

    /** Random changes of real instructions: either they still mean something, or there is the one checked exception. */
    @Test
    void instructionsOfNobodyKnowsWhat() throws Exception {
        PageSource earlier = new MemoryPages(BEFORE);
        byte[] good = bodyOf(RamStream.of(RamStream.pages(200, 11)), earlier);
        Random random = new Random(14);
        for (int i = 0; i < CHANGES; i++) {
            byte[] body = Arrays.copyOf(good, i % 4 == 0 ? random.nextInt(good.length) : good.length);
            for (int j = 0; j <= i % 7 && body.length > 0; j++) {
                body[random.nextInt(Math.min(body.length, i % 2 == 0 ? 600 : body.length))] = (byte) random.nextInt();
            }
            Problem problem = problemOf(body, List.of(earlier));
            assertThat(problem)
                    .isIn(Problem.PACKAGE_MALFORMED, Problem.PACKAGE_LIMIT_EXCEEDED, Problem.DIGEST_MISMATCH, null);
        }
    }

    private static byte[] body(int[] code, int... data) {
        byte[] body = new byte[4 + code.length + data.length];
        body[0] = (byte) code.length;
        for (int i = 0; i < code.length; i++) {
            body[4 + i] = (byte) code[i];
        }
        for (int i = 0; i < data.length; i++) {
            body[4 + code.length + i] = (byte) data[i];
        }
        return body;
    }

    private static byte[] bodyOf(byte[] stream, PageSource reference) throws VmmigException {
        byte[] stored = PackageHostileTest.entries(write(stream, Level.BALANCED, reference)).stream()
                .filter(entry -> entry.getKey().equals("snapshot/000000"))
                .findFirst()
                .orElseThrow()
                .getValue();
        return Zstd.decompress(stored, (int) Zstd.getFrameContentSize(stored));
    }

    private static @Nullable Problem problemOf(byte[] body, List<PageSource> references) throws Exception {
        List<Map.Entry<String, byte[]>> entries =
                PackageHostileTest.entries(write(new byte[10], Level.BALANCED, references.toArray(PageSource[]::new)));
        PackageHostileTest.replace(entries, "snapshot/000000", Zstd.compress(body));
        byte[] bytes = PackageHostileTest.tar(entries);
        VmmigException refusal = catchThrowableOfType(VmmigException.class, () -> read(bytes, references));
        assertThat(refusal == null
                        || refusal instanceof PackageFormatException
                        || refusal.problem() == Problem.DIGEST_MISMATCH)
                .isTrue();
        return refusal == null ? null : refusal.problem();
    }

    private static byte[] roundTrip(byte[] stream, Level level, PageSource... references) throws VmmigException {
        byte[] bytes = write(stream, level, references);
        assertThat(Arrays.equals(read(bytes, List.of(references)), stream)).isTrue();
        return bytes;
    }

    private static byte[] write(byte[] stream, Level level, PageSource... references) throws VmmigException {
        return write(stream, level, Manifests.references(references.length), List.of(references));
    }

    private static byte[] write(byte[] stream, Level level, List<Manifest.Reference> named, List<PageSource> references)
            throws VmmigException {
        Manifest manifest = Manifests.of(List.of()).withReferences(named);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (PackageWriter writer = PackageWriter.to(out, manifest, references, level)) {
            writer.writeDomain("<domain/>", null);
            writer.writeSnapshot(new ByteArrayInputStream(stream));
            writer.finish();
        }
        return out.toByteArray();
    }

    private static byte[] read(byte[] bytes, List<PageSource> references) throws VmmigException {
        try (PackageReader reader =
                PackageReader.from(new ByteArrayInputStream(bytes), PackageLimits.DEFAULT, manifest -> references)) {
            reader.next();
            byte[] stream = Packages.all(((PackageReader.Entry.Snapshot) reader.next()).stream());
            reader.next();
            reader.verify();
            return stream;
        }
    }
}
