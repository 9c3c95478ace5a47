// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import io.vmmig.content.Digest;
import io.vmmig.content.Level;
import io.vmmig.error.VmmigException;
import io.vmmig.page.PageSource;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** Packages for tests: what goes in, the bytes it becomes, and what comes out again. */
final class Packages {
    static final int MIB = 1 << 20;

    private Packages() {}

    /** What a package is made of; contents by their names in the package. */
    record Contents(
            Manifest manifest,
            String xml,
            @Nullable String cookie,
            @Nullable String definition,
            GuestRecord guest,
            Map<String, byte[]> streams) {
        /** Of a guest of which no more is known than its manifest says. */
        Contents(Manifest manifest, String xml, @Nullable String cookie, Map<String, byte[]> streams) {
            this(manifest, xml, cookie, null, GuestRecord.of(manifest), streams);
        }
    }

    /** Bytes as a guest's memory has them: zeros, repetitions and noise. */
    static byte[] memory(int length, long seed) {
        byte[] bytes = new byte[length];
        Random random = new Random(seed);
        byte[] page = new byte[4096];
        for (int at = 0; at + page.length <= length; at += page.length) {
            switch (random.nextInt(4)) {
                case 0 -> {}
                case 1 -> {
                    random.nextBytes(page);
                    System.arraycopy(page, 0, bytes, at, page.length);
                }
                default -> {
                    for (int i = 0; i < page.length; i++) {
                        bytes[at + i] = (byte) (i % 64 + random.nextInt(4));
                    }
                }
            }
        }
        return bytes;
    }

    static Manifest.Content content(byte[] bytes) {
        return new Manifest.Content(Digest.of(bytes), bytes.length);
    }

    static Contents small() {
        byte[] kernel = memory(50_000, 1);
        byte[] raw = memory(8192, 2);
        Map<String, byte[]> streams = new LinkedHashMap<>();
        streams.put("kernel", kernel);
        streams.put("ramdisk", memory(30_000, 3));
        streams.put("disks/vda.0.qcow2", memory(20_000, 4));
        streams.put("disks/vda.1.qcow2", memory(10_000, 5));
        streams.put("disks/sdb.0.raw", raw);
        streams.put("snapshot", memory(100_000, 6));
        Manifest manifest = Manifests.of(
                content(kernel),
                content(streams.get("ramdisk")),
                List.of(
                        new Manifest.Disk(
                                "vda",
                                List.of(
                                        new Manifest.Layer(ImageFormat.QCOW2, 1L << 30, 200_000),
                                        new Manifest.Layer(ImageFormat.QCOW2, 1L << 30, 300_000)),
                                new Manifest.Base(
                                        new Manifest.Content(Manifests.DIGEST, 400_000_000), ImageFormat.QCOW2)),
                        new Manifest.Disk("sda", List.of(), new Manifest.Base(content(raw), ImageFormat.RAW)),
                        new Manifest.Disk(
                                "sdb", List.of(new Manifest.Layer(ImageFormat.RAW, raw.length, raw.length)), null)));
        return new Contents(manifest, "<domain/>\n", "<cookie/>", "<domain><vcpu/></domain>", guest(), streams);
    }

    /** One that differs from what its manifest says, in all that it can. */
    static GuestRecord guest() {
        return new GuestRecord(
                false,
                true,
                true,
                true,
                List.of(
                        new GuestRecord.LeftBehind("snapshot", "before the upgrade"),
                        new GuestRecord.LeftBehind("managed-save image", "web-1")));
    }

    static Contents diskless(byte[] snapshot) {
        return new Contents(Manifests.of(List.of()), "<domain type='kvm'/>", null, Map.of("snapshot", snapshot));
    }

    static byte[] write(Contents contents) throws VmmigException {
        return write(contents, List.of());
    }

    static byte[] write(Contents contents, List<PageSource> references) throws VmmigException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (PackageWriter writer = PackageWriter.to(out, contents.manifest(), references, Level.BALANCED)) {
            write(contents, writer);
        }
        return out.toByteArray();
    }

    static PackageSummary write(Contents contents, PackageWriter writer) throws VmmigException {
        writeContents(contents, writer);
        return writer.finish();
    }

    static void writeContents(Contents contents, PackageWriter writer) throws VmmigException {
        boolean domain = false;
        for (Map.Entry<String, byte[]> content : contents.streams().entrySet()) {
            if (!domain && !List.of("kernel", "ramdisk").contains(content.getKey())) {
                writer.writeDomain(contents.xml(), contents.cookie(), contents.definition(), contents.guest());
                domain = true;
            }
            InputStream in = new ByteArrayInputStream(content.getValue());
            switch (content.getKey()) {
                case "kernel" -> writer.writeKernel(in);
                case "ramdisk" -> writer.writeRamdisk(in);
                case "precopy" -> writer.writePrecopy(in);
                case "snapshot" -> writer.writeSnapshot(in);
                default -> {
                    String[] parts = content.getKey().split("[/.]");
                    writer.writeDiskLayer(parts[1], Integer.parseInt(parts[2]), in);
                }
            }
        }
    }

    static Contents read(byte[] bytes) throws VmmigException {
        return read(new ByteArrayInputStream(bytes), PackageLimits.DEFAULT);
    }

    static Contents read(InputStream in, PackageLimits limits) throws VmmigException {
        return read(in, limits, List.of());
    }

    static Contents read(InputStream in, PackageLimits limits, List<PageSource> references) throws VmmigException {
        try (PackageReader reader = PackageReader.from(in, limits, manifest -> references)) {
            String xml = "";
            String cookie = null;
            String definition = null;
            GuestRecord guest = null;
            Map<String, byte[]> streams = new LinkedHashMap<>();
            List<String> order = new ArrayList<>();
            for (PackageReader.Entry entry = reader.next(); entry != null; entry = reader.next()) {
                if (entry instanceof PackageReader.Entry.Domain domain) {
                    xml = domain.xml();
                    cookie = domain.cookie();
                    definition = domain.definition();
                    guest = domain.guest();
                } else if (entry instanceof PackageReader.Entry.Kernel kernel) {
                    streams.put("kernel", all(kernel.stream()));
                } else if (entry instanceof PackageReader.Entry.Ramdisk ramdisk) {
                    streams.put("ramdisk", all(ramdisk.stream()));
                } else if (entry instanceof PackageReader.Entry.BaseImage image) {
                    streams.put("bases/" + image.base().content().digest(), all(image.stream()));
                } else if (entry instanceof PackageReader.Entry.DiskLayer layer) {
                    String format = reader.manifest().disks().stream()
                            .filter(disk -> disk.target().equals(layer.target()))
                            .findFirst()
                            .orElseThrow()
                            .layers()
                            .get(layer.layer())
                            .format()
                            .word();
                    streams.put("disks/" + layer.target() + '.' + layer.layer() + '.' + format, all(layer.stream()));
                } else if (entry instanceof PackageReader.Entry.Precopy precopy) {
                    streams.put("precopy", all(precopy.stream()));
                } else if (entry instanceof PackageReader.Entry.Snapshot snapshot) {
                    streams.put("snapshot", all(snapshot.stream()));
                }
            }
            reader.verify();
            return new Contents(reader.manifest(), xml, cookie, definition, Objects.requireNonNull(guest), streams);
        }
    }

    /** Reads to the end, and verifies. */
    static PackageSummary drain(PackageReader reader) throws VmmigException {
        for (PackageReader.Entry entry = reader.next(); entry != null; entry = reader.next()) {
            if (entry instanceof PackageReader.Entry.Content content) {
                all(content.stream());
            }
        }
        return reader.verify();
    }

    static byte[] all(InputStream stream) throws VmmigException {
        try {
            return stream.readAllBytes();
        } catch (IOException e) {
            throw VmmigException.from(e, io.vmmig.error.Problem.FILE_FAILED, "reading a content", "");
        }
    }

    static void assertSame(Contents actual, Contents expected) {
        org.assertj.core.api.Assertions.assertThat(actual.manifest()).isEqualTo(expected.manifest());
        org.assertj.core.api.Assertions.assertThat(actual.xml()).isEqualTo(expected.xml());
        org.assertj.core.api.Assertions.assertThat(actual.cookie()).isEqualTo(expected.cookie());
        org.assertj.core.api.Assertions.assertThat(actual.definition()).isEqualTo(expected.definition());
        org.assertj.core.api.Assertions.assertThat(actual.guest()).isEqualTo(expected.guest());
        org.assertj.core.api.Assertions.assertThat(List.copyOf(actual.streams().keySet()))
                .isEqualTo(List.copyOf(expected.streams().keySet()));
        expected.streams().forEach((name, bytes) -> org.assertj.core.api.Assertions.assertThat(
                        java.util.Arrays.equals(bytes, actual.streams().get(name)))
                .as(name)
                .isTrue());
    }
}
