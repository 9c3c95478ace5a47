// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit.hostile;

import static io.vmmig.error.Problem.DIGEST_MISMATCH;
import static io.vmmig.error.Problem.PACKAGE_MALFORMED;

import io.vmmig.error.Problem;
import io.vmmig.testkit.hostile.HandMadePackage.Entry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How kernels and ramdisks are laid out in pages: each package has one, and a snapshot of all pages that it is to have, taken
 * from it.
 */
final class GoldenBootFiles extends GoldenCases {
    private static final int PAGE = 4096;
    private static final byte[] INNER = text("kernel", 6000);
    private static final byte[] A = text("file", 5000);
    private static final byte[] B = "a second file".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] ARCHIVE = joined(
            entry("dir", 0x41ed, new byte[0]),
            entry("dir/a", 0x81a4, A),
            entry("dir/link", 0xa1ff, "a".getBytes(StandardCharsets.US_ASCII)),
            entry("dir/b", 0x81a4, B),
            entry("TRAILER!!!", 0, new byte[0]));
    private static final List<String> BOTH = List.of("boot", "boot-2");
    private static final List<String> FIRST = List.of("boot");
    private static final List<String> SECOND = List.of("boot-2");

    GoldenBootFiles() {
        kernels();
        archives();
        oddities();
        references();
    }

    private static byte[] entry(String name, int mode, byte[] content) {
        StringBuilder header = new StringBuilder("070701");
        for (int field : new int[] {1, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length() + 1, 0}) {
            header.append(String.format(Locale.ROOT, "%08X", field));
        }
        byte[] head = (header + name + "\0").getBytes(StandardCharsets.US_ASCII);
        return joined(head, new byte[-head.length & 3], content, new byte[-content.length & 3]);
    }

    private static byte[] compressed(String what) {
        try (InputStream in = GoldenBootFiles.class.getResourceAsStream("golden/" + what)) {
            return Objects.requireNonNull(in, what).readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The pieces, each from the beginning of a page. */
    private static byte[] layout(byte[]... pieces) {
        ByteArrayOutputStream pages = new ByteArrayOutputStream();
        for (byte[] piece : pieces) {
            pages.writeBytes(Arrays.copyOf(piece, (piece.length + PAGE - 1) / PAGE * PAGE));
        }
        return pages.toByteArray();
    }

    private void file(List<String> kinds, String name, String shows, byte[] file, byte[]... pieces) {
        for (String kind : kinds) {
            byte[] pages = layout(pieces);
            file(kind + "-" + name, null, shows, kind, file, code(5, pages.length / PAGE, 0, 0), pages);
        }
    }

    private void file(
            String name,
            @Nullable Problem problem,
            String shows,
            String kind,
            byte[] file,
            byte[] code,
            byte[] produced) {
        packed(name, problem, shows, parts -> {
            String digest = HandMadePackage.digest(file);
            set(
                    parts,
                    MANIFEST,
                    Harmless.replaced(
                            SMALLEST,
                            "\"references\": []",
                            "\"references\": [{ \"kind\": \"" + kind + "\", \"digest\": \"" + digest + "\" }],\n"
                                    + "  \"kernel\": { \"digest\": \"" + digest + "\", \"bytes\": " + file.length
                                    + " }"));
            parts.entries.add(1, new Entry("kernel/000000", ZstdFrames.of(file), file));
            parts.entry(SNAPSHOT).store(ZstdFrames.of(HandMadePackage.body(code, new byte[0])));
            parts.entry(SNAPSHOT).decoded = produced;
        });
    }

    private static byte[] bzImage(byte[] payload, int length) {
        byte[] head = Arrays.copyOf(text("setup", 0x600), 0x600);
        ByteBuffer fields = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN);
        fields.put(0x1f1, (byte) 1).putInt(0x202, 0x53726448).putShort(0x206, (short) 0x208);
        fields.putInt(0x248, 0x200).putInt(0x24c, length);
        return joined(head, payload, new byte[] {1, 2, 3, 4}, text("behind", 100));
    }

    private static byte[] zboot(byte[] payload) {
        byte[] head = text("zboot", 0x280);
        ByteBuffer fields = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN);
        fields.put("MZ\0\0zimg".getBytes(StandardCharsets.US_ASCII))
                .putInt(0x280)
                .putInt(payload.length);
        return joined(head, payload, new byte[] {1, 2, 3, 4});
    }

    private void kernels() {
        file(BOTH, "unknown", "what is not known is the file", INNER, INNER);
        file(BOTH, "of-no-bytes", "a file of no bytes has no pages", new byte[0]);
        for (String how : List.of("gz", "zst", "lz4", "xz", "lzma", "bz2")) {
            byte[] packed = compressed("kernel." + how);
            byte[] image = bzImage(packed, packed.length + (how.equals("gz") ? 0 : 4));
            boolean first = List.of("gz", "zst", "lz4").contains(how);
            List<String> kinds = first ? BOTH : SECOND;
            file(kinds, "file-" + how, "a compressed file and what it holds", packed, packed, INNER);
            file(kinds, "bzimage-" + how, "an x86 kernel and its payload", image, image, INNER);
            file(SECOND, "zboot-" + how, "an EFI zboot image and its payload", zboot(packed), zboot(packed), INNER);
            if (!first) {
                file(FIRST, "file-" + how, "not known in this kind", packed, packed);
            }
        }
        file(
                FIRST,
                "zboot-gz",
                "not known in this kind",
                zboot(compressed("kernel.gz")),
                zboot(compressed("kernel.gz")));
        byte[] gzip = compressed("kernel.gz");
        byte[] beyond = bzImage(gzip, 1 << 20);
        file(BOTH, "payload-beyond-the-end", "a payload ends where its file does", beyond, beyond, INNER);
        byte[] cut = bzImage(gzip, gzip.length / 2);
        file(BOTH, "payload-cut", "a payload that its length cuts off: the file alone", cut, cut);
        byte[] after = bzImage(gzip, 100);
        ByteBuffer.wrap(after).order(ByteOrder.LITTLE_ENDIAN).putInt(0x248, 1 << 30);
        file(BOTH, "payload-behind-the-end", "a payload that begins behind its file: the file alone", after, after);
    }

    private void archives() {
        file(BOTH, "archive", "regular files of an archive, in its order", ARCHIVE, A, B);
        byte[] crc = ARCHIVE.clone();
        crc[5] = '2';
        file(BOTH, "archive-with-crc", "070702 is the same", crc, A, B);
        file(
                BOTH,
                "archives-and-zeros",
                "zeros between archives, however many",
                joined(ARCHIVE, new byte[515], ARCHIVE),
                A,
                B,
                A,
                B);
        file(BOTH, "archive-and-else", "what follows and is no archive is ignored", joined(ARCHIVE, INNER), A, B);
        for (String how : List.of("gz", "zst", "lz4", "xz", "lzma", "bz2")) {
            byte[] packed = compressed("archive." + how);
            List<String> kinds = List.of("gz", "zst", "lz4").contains(how) ? BOTH : SECOND;
            file(kinds, "archive-" + how, "a compressed archive", packed, A, B);
            file(
                    kinds,
                    "archive-and-" + how,
                    "a compressed archive behind an archive",
                    joined(ARCHIVE, new byte[8], packed),
                    A,
                    B,
                    A,
                    B);
        }
        byte[] zstd = compressed("archive.zst");
        byte[] padded = joined(zstd, new byte[100]);
        file(FIRST, "zst-and-zeros", "zstd frames to the end of the file, or the file alone", padded, padded);
        file(SECOND, "zst-and-zeros", "zeros behind zstd frames", padded, A, B);
        byte[] half = joined(ZstdFrames.of(Arrays.copyOf(ARCHIVE, 3000)), ZstdFrames.of(tail(ARCHIVE, 3000)));
        file(BOTH, "zst-twice", "zstd frames that follow each other are one", half, A, B);
        byte[] gzips = joined(compressed("archive.gz"), compressed("archive.gz"));
        file(FIRST, "gz-and-gz", "the first member counts", gzips, A, B);
        file(SECOND, "gz-and-gz", "compressed archives one behind the other", gzips, A, B, A, B);
        byte[] all = joined(
                compressed("archive.xz"),
                new byte[512],
                ARCHIVE,
                compressed("archive.bz2"),
                compressed("archive.lz4"),
                new byte[6],
                compressed("archive.lzma"),
                compressed("archive.zst"),
                ARCHIVE,
                new byte[3],
                compressed("kernel.gz"),
                compressed("archive.gz"),
                INNER);
        file(SECOND, "all-sorts", "parts of all sorts", all, A, B, A, B, A, B, A, B, A, B, A, B, A, B, A, B);
        byte[] kernelFirst = joined(compressed("kernel.gz"), compressed("archive.gz"));
        file(BOTH, "gz-of-else-first", "what begins with no archive has none", kernelFirst, kernelFirst, INNER);
        byte[][] parts = new byte[64][];
        Arrays.fill(parts, compressed("archive.gz"));
        byte[][] pieces = new byte[128][];
        for (int i = 0; i < pieces.length; i += 2) {
            pieces[i] = A;
            pieces[i + 1] = B;
        }
        file(SECOND, "64-parts", "as many compressed parts as there may be", joined(parts), pieces);
        byte[] more = joined(joined(parts), compressed("archive.gz"));
        file(SECOND, "65-parts", "one compressed part too many: the file alone", more, more);
    }

    private static byte[] tail(byte[] bytes, int from) {
        return Arrays.copyOfRange(bytes, from, bytes.length);
    }

    private void alone(String name, String shows, byte[] file) {
        file(BOTH, name, shows + ": the file alone", file, file);
    }

    private void oddities() {
        byte[] gzip = compressed("kernel.gz");
        byte[] reserved = gzip.clone();
        reserved[3] = 0x20;
        alone("gz-reserved-flag", "a reserved flag of gzip", reserved);
        byte[] named = joined(Arrays.copyOf(gzip, 10), "name\0".getBytes(StandardCharsets.US_ASCII), tail(gzip, 10));
        named[3] = 8;
        file(BOTH, "gz-name", "a name in gzip's header", named, named, INNER);
        byte[] wrong = gzip.clone();
        wrong[wrong.length - 8] ^= 1;
        file(BOTH, "gz-wrong-checksum", "gzip's checksum is not looked at", wrong, wrong, INNER);
        alone("gz-cut", "gzip data that are cut off", Arrays.copyOf(gzip, gzip.length / 2));
        file(
                BOTH,
                "gz-without-trailer",
                "gzip's checksum need not be there",
                Arrays.copyOf(gzip, gzip.length - 8),
                Arrays.copyOf(gzip, gzip.length - 8),
                INNER);
        file(
                BOTH,
                "zst-window-128-mib",
                "the largest window of zstd",
                ZstdFrames.windowed(17, 0, INNER),
                ZstdFrames.windowed(17, 0, INNER),
                INNER);
        alone("zst-window-144-mib", "a window beyond 128 MiB", ZstdFrames.windowed(17, 1, INNER));
        byte[] lz4 = compressed("kernel.lz4");
        byte[] large = lz4.clone();
        ByteBuffer.wrap(large).order(ByteOrder.LITTLE_ENDIAN).putInt(4, 8421521);
        alone("lz4-block-too-large", "an LZ4 block of more than 8421520 bytes", large);
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        block.writeBytes(new byte[] {0x1f, 'x', 1, 0});
        for (int left = 9 << 20; left >= 255; left -= 255) {
            block.write(255);
        }
        block.writeBytes(new byte[] {0, 0x10, 'x'});
        alone(
                "lz4-block-of-too-much",
                "an LZ4 block that decodes to more than 8 MiB",
                joined(
                        ByteBuffer.allocate(8)
                                .order(ByteOrder.LITTLE_ENDIAN)
                                .putInt(0x184c2102)
                                .putInt(block.size())
                                .array(),
                        block.toByteArray()));
        file(
                BOTH,
                "lz4-twice",
                "LZ4's magic number may stand between blocks",
                joined(lz4, lz4),
                joined(lz4, lz4),
                joined(INNER, INNER));
        byte[] ended = joined(lz4, new byte[4], INNER);
        file(FIRST, "lz4-size-0", "no block has a size of 0: the file alone", ended, ended);
        file(SECOND, "lz4-size-0", "a size of 0 ends LZ4 data", ended, ended, INNER);
        byte[] xz = compressed("kernel.xz");
        byte[] bad = xz.clone();
        bad[bad.length - 3] ^= 1;
        file(SECOND, "xz-damaged", "the end of an xz stream is wrong: the file alone", bad, bad);
        byte[] lzma = compressed("kernel.lzma");
        lzma[4] = 5;
        file(SECOND, "lzma-dictionary-80-mib", "a dictionary beyond 64 MiB: the file alone", lzma, lzma);
        byte[] bzip2 = compressed("kernel.bz2");
        bzip2[bzip2.length - 3] ^= 1;
        file(SECOND, "bz2-damaged", "the checksum of a bzip2 stream is wrong: the file alone", bzip2, bzip2);
        cpio();
    }

    private void cpio() {
        byte[] trailer = entry("TRAILER!!!", 0x81a4, B);
        file(
                BOTH,
                "trailer-with-content",
                "the trailer ends an archive whatever it says of itself; its content is what follows",
                joined(entry("a", 0x81a4, A), trailer),
                A);
        file(
                BOTH,
                "trailer-of-another-name",
                "an entry whose name goes on is a file",
                joined(entry("TRAILER!!!x", 0x81a4, A), ARCHIVE),
                A,
                A,
                B);
        byte[] odd = ARCHIVE.clone();
        System.arraycopy("zzzzzzzz".getBytes(StandardCharsets.US_ASCII), 0, odd, 6, 8);
        file(BOTH, "fields-that-do-not-count", "only mode and sizes are looked at", odd, A, B);
        byte[] lower = ARCHIVE.clone();
        for (int i = 6; i < 110; i++) {
            lower[i] = (byte) Character.toLowerCase(lower[i]);
        }
        file(BOTH, "fields-in-lower-case", "hexadecimal digits of either case", lower, A, B);
        byte[] noNumber = ARCHIVE.clone();
        noNumber[6 + 8 * 6] = 'g';
        alone("size-that-is-no-number", "a size of something else than hexadecimal digits", noNumber);
        byte[] noName = ARCHIVE.clone();
        Arrays.fill(noName, 6 + 8 * 11, 6 + 8 * 12, (byte) '0');
        alone("name-of-no-bytes", "a name of no bytes, not even its end", noName);
        alone("archive-without-trailer", "an archive that does not end", Arrays.copyOf(ARCHIVE, ARCHIVE.length - 124));
        alone("archive-cut", "an archive that is cut off", Arrays.copyOf(ARCHIVE, 3000));
        alone(
                "archive-and-cut-gz",
                "a compressed part that is cut off",
                joined(ARCHIVE, Arrays.copyOf(compressed("archive.gz"), 100)));
        byte[] zerosFirst = joined(new byte[4], ARCHIVE);
        alone("zeros-first", "a file that does not begin with an archive", zerosFirst);
    }

    private void references() {
        byte[] page = Arrays.copyOf(INNER, PAGE);
        byte[] next = layout(tail(INNER, PAGE));
        String n0 = "with n = 0, REFERENCE only moves the next page";
        file("reference-n-0", null, n0, "boot-2", INNER, code(5, 0, 0, 2, 5, 1, 0, 0, 5, 1, 0, 3), joined(next, page));
        file("reference-n-0-at-the-end", null, n0, "boot-2", INNER, code(5, 0, 0, 4, 0, 0), new byte[0]);
        file(
                "reference-n-0-behind-the-end",
                PACKAGE_MALFORMED,
                "with n = 0, the next page is no more than the one behind the last",
                "boot-2",
                INNER,
                code(5, 0, 0, 6),
                new byte[0]);
        file(
                "reference-before-the-first-page",
                PACKAGE_MALFORMED,
                "pages begin with 0",
                "boot-2",
                INNER,
                code(5, 1, 0, 1),
                new byte[0]);
        file(
                "reference-behind-the-last-page",
                PACKAGE_MALFORMED,
                "2 pages, and no third",
                "boot-2",
                INNER,
                code(5, 3, 0, 0),
                new byte[0]);
        resealed("kernel-of-another-digest", DIGEST_MISMATCH, "the kernel is not the manifest's", parts -> {
            set(
                    parts,
                    MANIFEST,
                    Harmless.replaced(
                            SMALLEST,
                            "\"references\": []",
                            "\"references\": [],\n  \"kernel\": { \"digest\": \"sha256:" + "ab".repeat(32)
                                    + "\", \"bytes\": " + INNER.length + " }"));
            parts.entries.add(1, new Entry("kernel/000000", ZstdFrames.of(INNER), INNER));
            parts.sealed();
        });
    }
}
