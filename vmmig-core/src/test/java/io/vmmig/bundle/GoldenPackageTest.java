// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.bundle.Packages.Contents;
import io.vmmig.error.VmmigException;
import io.vmmig.page.PageSource;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A package of each version of the format, as it was written then, stays readable. They are never made anew. */
class GoldenPackageTest {
    @Test
    void version1() throws Exception {
        try (InputStream golden = GoldenPackageTest.class.getResourceAsStream("format-1.vmmig")) {
            assertThat(golden).isNotNull();
            Packages.assertSame(Packages.read(golden, PackageLimits.DEFAULT, references()), contents(1));
        }
    }

    /** Which added the definition, and what is known of the guest outside of its XML. */
    @Test
    void version2() throws Exception {
        try (InputStream golden = GoldenPackageTest.class.getResourceAsStream("format-2.vmmig")) {
            assertThat(golden).isNotNull();
            Packages.assertSame(Packages.read(golden, PackageLimits.DEFAULT, references()), contents(2));
        }
    }

    /** What it is rewritten as stays of its version, and so what came with a package comes with its copy. */
    @Test
    void aPackageIsWrittenAgainInItsVersion() throws Exception {
        byte[] again = Packages.write(contents(1), references());
        Packages.assertSame(
                Packages.read(new ByteArrayInputStream(again), PackageLimits.DEFAULT, references()), contents(1));
    }

    private static Manifest inFormat(int version, Manifest manifest) throws VmmigException {
        String json = new String(manifest.toJson(), StandardCharsets.UTF_8)
                .replace("\"vmmig\": " + Manifest.FORMAT_VERSION, "\"vmmig\": " + version);
        return Manifest.fromJson(json.getBytes(StandardCharsets.UTF_8), PackageLimits.DEFAULT);
    }

    private static Contents contents(int version) throws VmmigException {
        byte[] raw = text("raw ", 8192);
        byte[] kernel = text("kernel ", 5000);
        byte[] ramdisk = text("ramdisk ", 3000);
        Map<String, byte[]> streams = new LinkedHashMap<>();
        streams.put("kernel", kernel);
        streams.put("ramdisk", ramdisk);
        streams.put("disks/vda.0.qcow2", text("overlay ", 20_000));
        streams.put("disks/vda.1.qcow2", text("overlay of the overlay ", 10_000));
        streams.put("disks/sdb.0.raw", raw);
        streams.put("snapshot", RamStream.of(pages(), RamStream.pages(3, 4)));
        Manifest.Layer layer = new Manifest.Layer(ImageFormat.QCOW2, 1L << 30, 200_000);
        Manifest manifest = Manifests.of(
                        Packages.content(kernel),
                        Packages.content(ramdisk),
                        List.of(
                                new Manifest.Disk(
                                        "vda",
                                        List.of(layer, layer),
                                        new Manifest.Base(
                                                new Manifest.Content(Manifests.DIGEST, 400_000_000),
                                                ImageFormat.QCOW2)),
                                new Manifest.Disk(
                                        "sda", List.of(), new Manifest.Base(Packages.content(raw), ImageFormat.RAW)),
                                new Manifest.Disk(
                                        "sdb",
                                        List.of(new Manifest.Layer(ImageFormat.RAW, raw.length, raw.length)),
                                        null)))
                .withReferences(List.of(
                        new Manifest.Reference(Manifest.Reference.Kind.QCOW2, Manifests.DIGEST),
                        new Manifest.Reference(Manifest.Reference.Kind.PACKAGE, Manifests.DIGEST)));
        String xml = "<domain type='kvm'>\u00e9</domain>\n";
        return version == 1
                ? new Contents(inFormat(1, manifest), xml, "<cookie/>", streams)
                : new Contents(
                        inFormat(version, manifest),
                        xml,
                        "<cookie/>",
                        "<domain type='kvm'>\u00e9 later</domain>\n",
                        Packages.guest(),
                        streams);
    }

    /** Pages of every sort: new, repeated, of either reference, and changed since an earlier package. */
    private static byte[][] pages() {
        byte[][] pages = RamStream.pages(300, 1);
        byte[][] changed = RamStream.pages(50, 3);
        for (int i = 0; i < changed.length; i++) {
            byte[] page = changed[i];
            if (page != null) {
                pages[225 + i] = page.clone();
                pages[225 + i][i] ^= 1;
            }
        }
        System.arraycopy(RamStream.pages(50, 2), 0, pages, 150, 50);
        return pages;
    }

    private static List<PageSource> references() {
        byte[][] earlier = new byte[300][];
        System.arraycopy(RamStream.pages(50, 3), 0, earlier, 225, 50);
        System.arraycopy(pages(), 50, earlier, 50, 80);
        return List.of(new MemoryPages(RamStream.pages(50, 2)), new MemoryPages(earlier));
    }

    private static byte[] text(String word, int length) {
        byte[] bytes = new byte[length];
        byte[] pattern = word.getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < length; i++) {
            bytes[i] = pattern[i % pattern.length];
        }
        return bytes;
    }

    /** Writes the package of the current version, once, when the version is new. */
    public static void main(String[] args) throws Exception {
        Files.write(Path.of(args[0]), Packages.write(contents(Manifest.FORMAT_VERSION), references()));
    }
}
