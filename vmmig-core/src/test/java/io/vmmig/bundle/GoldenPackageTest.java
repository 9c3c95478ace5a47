// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.bundle.Packages.Contents;
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
            Packages.assertSame(Packages.read(golden, PackageLimits.DEFAULT), contents());
        }
    }

    private static Contents contents() {
        byte[] raw = text("raw ", 8192);
        byte[] kernel = text("kernel ", 5000);
        byte[] ramdisk = text("ramdisk ", 3000);
        Map<String, byte[]> streams = new LinkedHashMap<>();
        streams.put("kernel", kernel);
        streams.put("ramdisk", ramdisk);
        streams.put("disks/vda.0.qcow2", text("overlay ", 20_000));
        streams.put("disks/vda.1.qcow2", text("overlay of the overlay ", 10_000));
        streams.put("disks/sdb.0.raw", raw);
        streams.put("snapshot", text("page ", 5_000_000));
        Manifest.Layer layer = new Manifest.Layer(ImageFormat.QCOW2, 1L << 30, 200_000);
        Manifest manifest = Manifests.of(
                Packages.content(kernel),
                Packages.content(ramdisk),
                List.of(
                        new Manifest.Disk(
                                "vda",
                                List.of(layer, layer),
                                new Manifest.Base(
                                        new Manifest.Content(Manifests.DIGEST, 400_000_000), ImageFormat.QCOW2)),
                        new Manifest.Disk("sda", List.of(), new Manifest.Base(Packages.content(raw), ImageFormat.RAW)),
                        new Manifest.Disk(
                                "sdb", List.of(new Manifest.Layer(ImageFormat.RAW, raw.length, raw.length)), null)));
        return new Contents(manifest, "<domain type='kvm'>\u00e9</domain>\n", "<cookie/>", streams);
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
        Files.write(Path.of(args[0]), Packages.write(contents()));
    }
}
