// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import static io.vmmig.reference.PageFileTest.bzImage;
import static io.vmmig.reference.PageFileTest.cpio;
import static io.vmmig.reference.PageFileTest.gzip;
import static io.vmmig.reference.PageFileTest.joined;
import static io.vmmig.reference.PageFileTest.lz4;
import static io.vmmig.reference.PageFileTest.pages;
import static io.vmmig.reference.PageFileTest.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SecondBootLayoutTest {
    @TempDir
    private Path directory;

    private byte[] cut(byte[] content) throws IOException {
        return PageFileTest.cut(directory, PageLayout.BOOT_2, content);
    }

    private static List<byte[]> compressed(byte[] content) throws IOException {
        return List.of(
                gzip(content),
                Zstd.compress(content),
                lz4(content),
                BootCompressions.xz(content),
                BootCompressions.lzma(content),
                BootCompressions.bzip2(content));
    }

    private static byte[] zboot(byte[] payload) {
        byte[] head = text(0x600, 9);
        ByteBuffer fields = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN);
        fields.put("MZ\0\0zimg".getBytes(StandardCharsets.US_ASCII))
                .putInt(0x600)
                .putInt(payload.length);
        return joined(head, payload, new byte[] {1, 2, 3, 4}, text(500, 8));
    }

    @Test
    void kernelsAreUnpackedHoweverTheyAreCompressed() throws Exception {
        byte[] inner = text(300_001, 2);
        for (byte[] payload : compressed(inner)) {
            byte[] image = bzImage(payload, (payload[0] & 0xff) != 0x1f);
            assertThat(cut(image)).isEqualTo(pages(image, inner));
            image = zboot(payload);
            assertThat(cut(image)).isEqualTo(pages(image, inner));
            assertThat(cut(payload)).isEqualTo(pages(payload, inner));
        }
        byte[] image = zboot(text(5000, 3));
        assertThat(cut(image)).isEqualTo(pages(image));
    }

    @Test
    void theFirstLayoutKnowsNoneOfThat() throws Exception {
        byte[] inner = text(100_001, 2);
        for (byte[] image :
                List.of(bzImage(BootCompressions.xz(inner), true), zboot(gzip(inner)), BootCompressions.bzip2(inner))) {
            assertThat(PageFileTest.cut(directory, PageLayout.BOOT_1, image)).isEqualTo(pages(image));
        }
    }

    /** Initrds are put one behind the other, whatever each is compressed with. */
    @Test
    void archivesFollowEachOther() throws Exception {
        byte[] a = text(10_000, 1);
        byte[] b = text(4100, 2);
        List<byte[]> parts = new ArrayList<>(compressed(cpio(a)));
        // LZ4 data end where the file does, or with a size of 0.
        parts.set(2, joined(lz4(cpio(a)), new byte[4]));
        for (byte[] first : parts) {
            for (byte[] second : compressed(joined(cpio(b), new byte[512], cpio(a)))) {
                for (int padding : new int[] {0, 3}) {
                    byte[] file = joined(first, new byte[padding], second);
                    assertThat(cut(file)).isEqualTo(pages(a, b, a));
                    assertThat(cut(joined(cpio(b), file))).isEqualTo(pages(b, a, b, a));
                }
            }
            byte[] padded = joined(first, new byte[1000]);
            assertThat(cut(padded)).isEqualTo(pages(a));
            assertThat(cut(joined(padded, text(700, 5)))).isEqualTo(pages(a));
            assertThat(cut(joined(padded, cpio(b)))).isEqualTo(pages(a, b));
        }
        assertThat(cut(joined(cpio(a), gzip(text(500, 1)), gzip(cpio(b))))).isEqualTo(pages(a, b));
    }

    @Test
    void whatCannotBeUnpackedToItsEndIsTheFileAlone() throws Exception {
        byte[] archive = cpio(text(10_000, 1));
        for (byte[] packed : compressed(archive)) {
            byte[] cutOff = Arrays.copyOf(packed, packed.length * 2 / 3);
            assertThat(cut(cutOff)).isEqualTo(pages(cutOff));
            byte[] behind = joined(archive, new byte[4], cutOff);
            assertThat(cut(behind)).isEqualTo(pages(behind));
        }
        byte[] wrong = BootCompressions.bzip2(archive);
        wrong[wrong.length - 2] ^= 1;
        assertThat(cut(wrong)).as("a stream's checksum").isEqualTo(pages(wrong));
    }

    /** Each of them would take time to begin with, however little it holds. */
    @Test
    void moreThan64CompressedPartsAreTheFileAlone() throws Exception {
        byte[] a = text(100, 1);
        byte[] part = gzip(cpio(a));
        byte[][] parts = new byte[64][];
        Arrays.fill(parts, part);
        byte[][] pieces = new byte[64][];
        Arrays.fill(pieces, a);
        assertThat(cut(joined(parts))).isEqualTo(pages(pieces));
        byte[] more = joined(joined(parts), part);
        assertThat(cut(more)).isEqualTo(pages(more));
    }

    @Test
    void whatIsUnpackedIsCountedOverAll() throws Exception {
        byte[] content = text(1000, 1);
        for (byte[] packed : compressed(content)) {
            Unpacking enough = new Unpacking(PageLayout.BOOT_2, 2000);
            assertThat(unpack(enough, packed)).isEqualTo(content);
            assertThat(unpack(enough, packed)).isEqualTo(content);
            assertThatThrownBy(() -> unpack(enough, packed)).isInstanceOf(IOException.class);
        }
    }

    private static byte[] unpack(Unpacking unpacking, byte[] packed) throws IOException {
        try (InputStream in =
                unpacking.of(new PushbackInputStream(new ByteArrayInputStream(packed), Unpacking.BUFFER_BYTES))) {
            assertThat(in).isNotNull();
            return in.readAllBytes();
        }
    }

    @Test
    void dictionariesAreAtMost64MiB() throws Exception {
        byte[] content = text(1000, 1);
        byte[] most = BootCompressions.xz(content, 64 << 20);
        assertThat(unpack(new Unpacking(PageLayout.BOOT_2, 1 << 20), most)).isEqualTo(content);
        byte[] more = BootCompressions.xz(content, 96 << 20);
        assertThat(cut(more)).isEqualTo(pages(more));
        byte[] lzma = BootCompressions.lzma(content);
        lzma[4] = 5;
        assertThat(cut(lzma)).isEqualTo(pages(lzma));
    }

    /** Many would overflow the stack of a reader that calls itself for each. */
    @Test
    void streamsOfLz4FollowEachOtherHoweverMany() throws Exception {
        byte[] content = text(1000, 1);
        ByteArrayOutputStream many = new ByteArrayOutputStream();
        for (int i = 0; i < 200_000; i++) {
            many.write(new byte[] {0x02, 0x21, 0x4c, 0x18});
        }
        many.writeBytes(lz4(content));
        for (PageLayout layout : List.of(PageLayout.BOOT_1, PageLayout.BOOT_2)) {
            assertThat(PageFileTest.cut(directory, layout, many.toByteArray()))
                    .isEqualTo(pages(many.toByteArray(), content));
        }
    }

    @Test
    void bzip2ComesOutAsItWentIn() throws Exception {
        Random random = new Random(3);
        for (int length : new int[] {0, 1, 2, 3, 4, 5, 255, 260, 4000, 99_980, 250_000}) {
            byte[] noise = new byte[length];
            random.nextBytes(noise);
            byte[] runs = new byte[length];
            for (int i = 0; i < length; ) {
                byte value = (byte) random.nextInt(3);
                for (int end = Math.min(length, i + random.nextInt(600)); i < end; i++) {
                    runs[i] = value;
                }
            }
            for (byte[] content : List.of(noise, runs, text(length, 7), new byte[length])) {
                for (int level : new int[] {1, 9}) {
                    byte[] packed = joined(BootCompressions.bzip2(content, level), new byte[] {42});
                    PushbackInputStream in =
                            new PushbackInputStream(new ByteArrayInputStream(packed), Unpacking.BUFFER_BYTES);
                    try (Bzip2InputStream unpacked = new Bzip2InputStream(in)) {
                        assertThat(unpacked.readAllBytes()).isEqualTo(content);
                    }
                    assertThat(in.read()).isEqualTo(42);
                }
            }
        }
    }
}
