// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import io.vmmig.page.PageSource;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Tag("once")
class PageFileTest {
    private static final String NAME = "sha256:abc boot";
    private static final int PAGE = PageSource.PAGE_BYTES;

    @TempDir
    private Path directory;

    /** What both layouts cut alike. */
    private byte[] cut(byte[] content) throws IOException {
        byte[] first = cut(PageLayout.BOOT_1, content);
        assertThat(cut(PageLayout.BOOT_2, content)).isEqualTo(first);
        return first;
    }

    private byte[] cut(PageLayout layout, byte[] content) throws IOException {
        return cut(directory, layout, content);
    }

    static byte[] cut(Path directory, PageLayout layout, byte[] content) throws IOException {
        Path source = Files.write(directory.resolve("source"), content);
        Path target = directory.resolve("pages");
        PageFile.create(source, layout, target, ".building-", NAME);
        try (RawPages pages = PageFile.open(target, NAME, false);
                Stream<Path> entries = Files.list(directory)) {
            assertThat(entries).containsExactlyInAnyOrder(source, target);
            byte[] bytes = new byte[(int) pages.bytes()];
            pages.read(0, bytes, 0, bytes.length);
            return bytes;
        }
    }

    static byte[] text(int bytes, int seed) {
        byte[] text = new byte[bytes];
        Random random = new Random(seed);
        for (int i = 0; i < bytes; i++) {
            text[i] = (byte) ('a' + random.nextInt(3));
        }
        return text;
    }

    static byte[] pages(byte[]... pieces) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] piece : pieces) {
            out.writeBytes(Arrays.copyOf(piece, (piece.length + PAGE - 1) / PAGE * PAGE));
        }
        return out.toByteArray();
    }

    static byte[] joined(byte[]... pieces) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] piece : pieces) {
            out.writeBytes(piece);
        }
        return out.toByteArray();
    }

    /** An archive of files, with a directory and a link among them. */
    static byte[] cpio(byte[]... files) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        entry(out, "dir", 0x41ed, new byte[0]);
        entry(out, "link", 0xa1ff, "somewhere".getBytes(StandardCharsets.US_ASCII));
        for (byte[] file : files) {
            entry(out, "dir/file" + out.size(), 0x81a4, file);
        }
        entry(out, "TRAILER!!!", 0, new byte[0]);
        out.writeBytes(new byte[-out.size() & 511]);
        return out.toByteArray();
    }

    private static void entry(ByteArrayOutputStream out, String name, int mode, byte[] content) {
        int[] fields = {1, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length() + 1, 0};
        StringBuilder header = new StringBuilder("070701");
        for (int field : fields) {
            header.append(String.format("%08X", field));
        }
        out.writeBytes((header + name + "\0").getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(new byte[-out.size() & 3]);
        out.writeBytes(content);
        out.writeBytes(new byte[-out.size() & 3]);
    }

    static byte[] gzip(byte[] content) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(content);
        }
        return out.toByteArray();
    }

    /** LZ4's legacy format without any compression but for one long match at the end of each block. */
    static byte[] lz4(byte[] content) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {0x02, 0x21, 0x4c, 0x18});
        for (int at = 0; at < content.length; at += 8 << 20) {
            byte[] block = Arrays.copyOfRange(content, at, Math.min(content.length, at + (8 << 20)));
            ByteArrayOutputStream stored = new ByteArrayOutputStream();
            stored.write(0xf0);
            int rest = block.length - 15;
            for (; rest >= 255; rest -= 255) {
                stored.write(255);
            }
            stored.write(rest);
            stored.writeBytes(block);
            out.writeBytes(ByteBuffer.allocate(4)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(stored.size())
                    .array());
            out.writeBytes(stored.toByteArray());
        }
        return out.toByteArray();
    }

    static byte[] bzImage(byte[] payload, boolean sizeBehind) {
        byte[] head = text(4 * 512 + 1000, 9);
        ByteBuffer fields = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN);
        fields.put(0x1f1, (byte) 3).putInt(0x202, 0x53726448).putShort(0x206, (short) 0x20f);
        fields.putInt(0x248, 1000).putInt(0x24c, payload.length + (sizeBehind ? 4 : 0));
        return joined(head, payload, new byte[] {1, 2, 3, 4}, text(500, 8));
    }

    @Test
    void whatIsNotKnownIsTheFileAlone() throws Exception {
        for (int bytes : new int[] {0, 1, 100, PAGE, PAGE + 1, 700_000}) {
            byte[] content = text(bytes, 1);
            assertThat(cut(content)).isEqualTo(pages(content));
        }
    }

    @Test
    void kernelsAreTheFileAndWhatItUnpacksTo() throws Exception {
        byte[] inner = text(3_000_001, 2);
        byte[] image = bzImage(gzip(inner), false);
        assertThat(cut(image)).isEqualTo(pages(image, inner));
        image = bzImage(Zstd.compress(inner), true);
        assertThat(cut(image)).isEqualTo(pages(image, inner));
        image = bzImage(lz4(inner), true);
        assertThat(cut(image)).isEqualTo(pages(image, inner));
        image = bzImage(text(5000, 3), true);
        assertThat(cut(image)).isEqualTo(pages(image));
        image = gzip(inner);
        assertThat(cut(image)).isEqualTo(pages(image, inner));
    }

    @Test
    void filesOfRamdisksBeginWithAPage() throws Exception {
        byte[] a = text(10_000, 1);
        byte[] b = text(1, 2);
        byte[] c = text(2 * PAGE, 3);
        assertThat(cut(cpio(a, new byte[0], b))).isEqualTo(pages(a, b));
        assertThat(cut(joined(cpio(a), new byte[512], cpio(b, c)))).isEqualTo(pages(a, b, c));
        assertThat(cut(joined(cpio(a), gzip(cpio(b, c))))).isEqualTo(pages(a, b, c));
        assertThat(cut(joined(cpio(a), Zstd.compress(joined(cpio(b), cpio(c))))))
                .isEqualTo(pages(a, b, c));
        assertThat(cut(gzip(cpio(a, b)))).isEqualTo(pages(a, b));
        assertThat(cut(lz4(cpio(a, b)))).isEqualTo(pages(a, b));
        assertThat(cut(joined(cpio(a), text(700, 5)))).isEqualTo(pages(a));
    }

    @Test
    void matchesThatOverlapThemselvesAreCopied() throws Exception {
        // Two literals, then a match of 4 + 15 + 20 bytes from two bytes before, then one literal.
        byte[] block = {(byte) 0x2f, 'a', 'b', 2, 0, 20, 0x10, 'c'};
        byte[] stream = joined(new byte[] {0x02, 0x21, 0x4c, 0x18, (byte) block.length, 0, 0, 0}, block);
        try (Lz4LegacyInputStream in = new Lz4LegacyInputStream(new ByteArrayInputStream(stream), false)) {
            assertThat(new String(in.readAllBytes(), StandardCharsets.US_ASCII)).isEqualTo("ab".repeat(20) + "a" + "c");
        }
    }

    @Test
    void whatCannotBeUnpackedToItsEndIsTheFileAlone() throws Exception {
        byte[] a = text(10_000, 1);
        byte[] archive = cpio(a, a);
        byte[] packed = gzip(archive);
        for (byte[] bad : List.of(
                Arrays.copyOf(archive, archive.length - 600),
                Arrays.copyOf(archive, 5000),
                Arrays.copyOf(packed, packed.length / 2),
                joined(archive, Arrays.copyOf(packed, 100)))) {
            assertThat(cut(bad)).isEqualTo(pages(bad));
        }
        byte[] image = bzImage(Arrays.copyOf(gzip(a), 300), false);
        assertThat(cut(image)).isEqualTo(pages(image));
    }

    @Test
    @Timeout(value = 2, unit = TimeUnit.MINUTES)
    void spoiltArchivesDoNoHarm() throws Exception {
        byte[] inner = text(30_000, 2);
        List<byte[]> sound = List.of(
                cpio(inner, inner),
                joined(cpio(inner), gzip(cpio(inner))),
                Zstd.compress(cpio(inner)),
                lz4(inner),
                bzImage(gzip(inner), false),
                bzImage(lz4(inner), true));
        Random random = new Random(4);
        for (byte[] bytes : sound) {
            for (int round = 0; round < 60; round++) {
                byte[] spoilt = Arrays.copyOf(bytes, random.nextInt(8) == 0 ? bytes.length / 2 : bytes.length);
                for (int i = random.nextInt(4); i >= 0; i--) {
                    int at = random.nextInt(random.nextBoolean() ? 700 : spoilt.length);
                    spoilt[at % spoilt.length] = (byte) random.nextInt();
                }
                for (PageLayout layout : List.of(PageLayout.BOOT_1, PageLayout.BOOT_2)) {
                    byte[] once = cut(layout, spoilt);
                    assertThat(cut(layout, spoilt)).isEqualTo(once);
                }
            }
        }
    }

    @Test
    @Timeout(value = 2, unit = TimeUnit.MINUTES)
    void aBombIsTheFileAlone() throws Exception {
        byte[] mebibyte = new byte[1 << 20];
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            for (int i = 0; i < 1100; i++) {
                gzip.write(mebibyte);
            }
        }
        assertThat(cut(out.toByteArray())).isEqualTo(pages(out.toByteArray()));
    }

    @Test
    void damageIsNoticed() throws Exception {
        cut(text(20_000, 1));
        Path pages = directory.resolve("pages");
        byte[] intact = Files.readAllBytes(pages);
        for (int at = 0; at < intact.length; at += 97) {
            byte[] damaged = intact.clone();
            damaged[at] ^= 1;
            Files.write(pages, damaged);
            assertThatThrownBy(() -> PageFile.open(pages, NAME, false)).isInstanceOf(IOException.class);
        }
        for (int length : new int[] {0, 100, PAGE, intact.length - PAGE, intact.length - 1}) {
            Files.write(pages, Arrays.copyOf(intact, length));
            assertThatThrownBy(() -> PageFile.open(pages, NAME, false)).isInstanceOf(IOException.class);
        }
        Files.write(pages, intact);
        assertThatThrownBy(() -> PageFile.open(pages, NAME + "x", false)).isInstanceOf(IOException.class);
    }
}
