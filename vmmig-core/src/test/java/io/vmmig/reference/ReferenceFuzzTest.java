// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.github.luben.zstd.Zstd;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PushbackInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.MethodSource;

class ReferenceFuzzTest {
    private static final String CONTENT = "sha256:abc raw";
    private static final long PAGES = 300;
    private static final long MOST = 8 << 20;

    @TempDir
    static Path directory;

    static Stream<byte[]> bootFiles() throws IOException {
        byte[] archive = cpio("etc/passwd", "root:x:0:0").getBytes(StandardCharsets.US_ASCII);
        ByteArrayOutputStream gzip = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(gzip)) {
            out.write(archive);
        }
        byte[] both = new byte[archive.length + gzip.size()];
        System.arraycopy(archive, 0, both, 0, archive.length);
        System.arraycopy(gzip.toByteArray(), 0, both, archive.length, gzip.size());
        byte[] kernel = new byte[0x1000];
        System.arraycopy("HdrS".getBytes(StandardCharsets.US_ASCII), 0, kernel, 0x202, 4);
        kernel[0x207] = 2;
        kernel[0x206] = 8;
        kernel[0x24d] = 4;
        byte[] payload = Zstd.compress(new byte[10_000]);
        System.arraycopy(payload, 0, kernel, 512, payload.length);
        byte[] zboot = new byte[0x1000];
        System.arraycopy("MZ\0\0zimg".getBytes(StandardCharsets.US_ASCII), 0, zboot, 0, 8);
        zboot[9] = 4;
        zboot[13] = 8;
        System.arraycopy(payload, 0, zboot, 0x400, payload.length);
        byte[] xz = BootCompressions.xz(archive);
        byte[] bzip2 = BootCompressions.bzip2(archive);
        return Stream.of(
                archive,
                gzip.toByteArray(),
                both,
                Zstd.compress(archive),
                kernel,
                zboot,
                xz,
                bzip2,
                BootCompressions.lzma(archive),
                PageFileTest.joined(archive, xz, new byte[4], bzip2, Zstd.compress(archive), both));
    }

    private static String cpio(String name, String content) {
        return entry(name, 0x81a4, content) + entry("TRAILER!!!", 0, "");
    }

    private static String entry(String name, int mode, String content) {
        String head = String.format(
                "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
                1, mode, 0, 0, 1, 0, content.length(), 0, 0, 0, 0, name.length() + 1, 0);
        String named = head + name + '\0';
        return named + "\0".repeat(-named.length() & 3) + content + "\0".repeat(-content.length() & 3);
    }

    /** A kernel or a ramdisk, whatever it is. */
    @MethodSource("bootFiles")
    @FuzzTest
    void bootFile(byte[] bytes) throws Exception {
        takeApart(bytes, PageLayout.BOOT_1);
        takeApart(bytes, PageLayout.BOOT_2);
    }

    private static void takeApart(byte[] bytes, PageLayout layout) throws IOException {
        Path file = Files.write(directory.resolve("boot"), bytes);
        long[] taken = {0};
        try {
            BootContent.takeApart(file, layout, (in, most) -> {
                byte[] buffer = new byte[64 << 10];
                long rest = most;
                while (rest > 0) {
                    int n = in.read(buffer, 0, (int) Math.min(buffer.length, rest));
                    if (n < 0) {
                        return;
                    }
                    rest -= n;
                    taken[0] += n;
                    if (taken[0] > MOST) {
                        throw new IOException("enough");
                    }
                }
            });
        } catch (IOException e) {
            assertThat(taken[0]).isLessThanOrEqualTo(MOST + (64 << 10));
        }
    }

    static Stream<byte[]> bzip2() throws IOException {
        return Stream.of(
                BootCompressions.bzip2(new byte[0]),
                BootCompressions.bzip2(new byte[3000]),
                BootCompressions.bzip2(PageFileTest.text(5000, 1)));
    }

    /** Whatever it is, nothing but an IOException comes of it. */
    @MethodSource("bzip2")
    @FuzzTest
    void bzip(byte[] bytes) throws Exception {
        try (Bzip2InputStream in = new Bzip2InputStream(
                new PushbackInputStream(new ByteArrayInputStream(bytes), Unpacking.BUFFER_BYTES))) {
            assertThat(in.readNBytes((int) MOST)).hasSizeLessThanOrEqualTo((int) MOST);
        } catch (IOException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    static Stream<byte[]> indexes() throws IOException {
        Path path = directory.resolve("seed");
        try (PageIndexBuilder index = PageIndexBuilder.begin(path, ".building-", CONTENT, PAGES)) {
            for (long page = 0; page < PAGES; page += 3) {
                index.add(TestPages.page(page), 0, page);
            }
            index.finish();
        }
        return Stream.of(Files.readAllBytes(path));
    }

    /** An index that somebody has changed finds nothing, or pages that are there. */
    @MethodSource("indexes")
    @FuzzTest
    void index(byte[] bytes) throws Exception {
        Path file = Files.write(directory.resolve("index"), bytes);
        try {
            PageIndex index = PageIndex.open(file, CONTENT, PAGES);
            for (long page = 0; page < PAGES; page++) {
                assertThat(index.find(TestPages.hash(page), page)).isBetween(-1L, PAGES - 1);
            }
            index.isIntact();
        } catch (IOException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    static Stream<byte[]> pageFiles() throws IOException {
        Path source = Files.write(directory.resolve("source"), new byte[10_000]);
        Path target = directory.resolve("target");
        PageFile.create(source, PageLayout.RAW, target, ".building-", CONTENT);
        return Stream.of(Files.readAllBytes(target));
    }

    @MethodSource("pageFiles")
    @FuzzTest
    void pageFile(byte[] bytes) throws Exception {
        Path file = Files.write(directory.resolve("pages"), bytes);
        for (boolean verified : new boolean[] {false, true}) {
            try (RawPages pages = PageFile.open(file, CONTENT, verified)) {
                pages.read(0, new byte[4096], 0, 4096);
            } catch (IOException e) {
                assertThat(e.getMessage()).isNotBlank();
            }
        }
    }
}
