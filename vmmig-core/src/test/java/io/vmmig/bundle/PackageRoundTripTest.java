// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import static io.vmmig.bundle.Packages.MIB;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.bundle.Packages.Contents;
import io.vmmig.error.IntegrityException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PackageRoundTripTest {
    @Test
    void everyKindOfContent() throws Exception {
        Packages.assertSame(Packages.read(Packages.write(Packages.small())), Packages.small());
    }

    @Test
    void noDisksAndNoCookie() throws Exception {
        Contents contents = Packages.diskless(Packages.memory(1000, 1));
        Packages.assertSame(Packages.read(Packages.write(contents)), contents);
    }

    @Test
    void kernelAndRamdiskLeftOut() throws Exception {
        Contents whole = Packages.small();
        Map<String, byte[]> streams = new LinkedHashMap<>(whole.streams());
        streams.remove("kernel");
        streams.remove("ramdisk");
        Contents less =
                new Contents(whole.manifest(), whole.xml(), whole.cookie(), whole.definition(), whole.guest(), streams);
        Packages.assertSame(Packages.read(Packages.write(less)), less);
    }

    @Test
    void anySizeAroundTheSegments() throws Exception {
        for (int size : new int[] {0, 1, 4 * MIB - 1, 4 * MIB, 4 * MIB + 1, 8 * MIB, 37 * MIB + 5}) {
            byte[] bytes = new byte[size];
            new Random(size).nextBytes(bytes);
            for (byte[] stream : List.of(bytes, new byte[size], Packages.memory(size, 7))) {
                Contents contents = Packages.diskless(stream);
                Packages.assertSame(Packages.read(Packages.write(contents)), contents);
            }
        }
    }

    @Test
    void theSamePackageIsAlwaysTheSameBytes() throws Exception {
        assertThat(Packages.write(Packages.small())).isEqualTo(Packages.write(Packages.small()));
    }

    @Test
    void zerosCostNothing() throws Exception {
        assertThat(Packages.write(Packages.diskless(new byte[64 * MIB]))).hasSizeLessThan(64 * 1024);
    }

    @Test
    void writerAndReaderSumUpAlike() throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PackageSummary written;
        try (PackageWriter writer = PackageWriter.to(out, Packages.small().manifest())) {
            written = Packages.write(Packages.small(), writer);
        }
        assertThat(written.bytes()).isEqualTo(out.size());
        assertThat(written.contents())
                .extracting(PackageSummary.Content::name)
                .containsExactly(
                        "manifest.json",
                        "kernel",
                        "ramdisk",
                        "libvirt.xml",
                        "libvirt-cookie.xml",
                        "definition.xml",
                        "guest.json",
                        "disks/vda.0.qcow2",
                        "disks/vda.1.qcow2",
                        "disks/sdb.0.raw",
                        "snapshot");
        assertThat(written.content("kernel").orElseThrow().digest())
                .isEqualTo(Packages.small().manifest().kernel().digest());
        try (PackageReader reader =
                PackageReader.from(new ByteArrayInputStream(out.toByteArray()), PackageLimits.DEFAULT)) {
            for (PackageReader.Entry entry = reader.next(); entry != null; entry = reader.next()) {
                if (entry instanceof PackageReader.Entry.Content content) {
                    content.stream().readAllBytes();
                }
            }
            assertThat(reader.verify()).isEqualTo(written);
        }
    }

    /** Wherever it was cut, also in the middle of a page's record. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 70_001, 100_000 - 1, 100_000})
    void aLivePackageHasItsMemoryInTwoParts(int cut) throws Exception {
        Contents small = Packages.small();
        byte[] memory = small.streams().get("snapshot");
        Map<String, byte[]> streams = new LinkedHashMap<>();
        small.streams().forEach((name, content) -> {
            if (name.startsWith("disks/")) {
                streams.putIfAbsent("precopy", Arrays.copyOf(memory, cut));
            }
            streams.put(name, content);
        });
        streams.put("snapshot", Arrays.copyOfRange(memory, cut, memory.length));
        Contents live = new Contents(
                small.manifest().asLive(), small.xml(), small.cookie(), small.definition(), small.guest(), streams);
        Contents read = Packages.read(Packages.write(live));
        assertThat(read.streams().keySet()).containsExactlyElementsOf(streams.keySet());
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        joined.writeBytes(read.streams().get("precopy"));
        joined.writeBytes(read.streams().get("snapshot"));
        assertThat(joined.toByteArray()).isEqualTo(memory);
    }

    @Test
    void layersBelowAnOverlayComeBeforeTheMemory() throws Exception {
        Contents small = Packages.small();
        Manifest live = overlaid(small.manifest());
        Map<String, byte[]> streams = new LinkedHashMap<>();
        List.of("kernel", "ramdisk", "disks/vda.0.qcow2").forEach(name -> streams.put(name, content(small, name)));
        streams.put("precopy", new byte[5000]);
        List.of("disks/vda.1.qcow2", "disks/sdb.0.raw", "snapshot")
                .forEach(name -> streams.put(name, content(small, name)));
        Contents read = Packages.read(Packages.write(
                new Contents(live, small.xml(), small.cookie(), small.definition(), small.guest(), streams)));
        assertThat(read.manifest()).isEqualTo(live);
        assertThat(read.streams().keySet()).containsExactlyElementsOf(streams.keySet());
        // Nothing of a baseline is merged into anything.
        assertThat(Manifest.fromJson(live.asBaseline().toJson(), PackageLimits.DEFAULT)
                        .disk("vda")
                        .overlaid())
                .isFalse();
    }

    private static byte[] content(Contents contents, String name) {
        return Objects.requireNonNull(contents.streams().get(name));
    }

    /** The manifest of a live migration, in which the highest layer of each disk with several is an overlay. */
    private static Manifest overlaid(Manifest manifest) throws Exception {
        String json = new String(manifest.asLive().toJson(), StandardCharsets.UTF_8);
        String top = "\"file\": 300000";
        assertThat(json).containsOnlyOnce(top);
        return Manifest.fromJson(
                json.replace(top, top + ", \"overlay\": true").getBytes(StandardCharsets.UTF_8), PackageLimits.DEFAULT);
    }

    @Test
    void isAnOrdinaryTar() throws Exception {
        List<String> names = new ArrayList<>();
        try (TarArchiveInputStream tar =
                new TarArchiveInputStream(new ByteArrayInputStream(Packages.write(Packages.small())))) {
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                names.add(entry.getName());
                assertThat(entry.isFile()).isTrue();
                assertThat(entry.getMode()).isEqualTo(0600);
            }
        }
        assertThat(names)
                .startsWith("manifest.json", "kernel/000000", "ramdisk/000000", "libvirt.xml", "libvirt-cookie.xml")
                .endsWith("snapshot/000000", "snapshot/000001", "seal.json");
    }

    @Test
    void writesInOrderOnly() throws Exception {
        Manifest manifest = Packages.small().manifest();
        InputStream nothing = InputStream.nullInputStream();
        try (PackageWriter writer = PackageWriter.to(new ByteArrayOutputStream(), manifest)) {
            writer.writeDomain("<domain/>", null);
            assertThatThrownBy(() -> writer.writeKernel(nothing)).isInstanceOf(IllegalStateException.class);
        }
        try (PackageWriter writer = PackageWriter.to(new ByteArrayOutputStream(), manifest)) {
            writer.writeDomain("<domain/>", null);
            assertThatThrownBy(() -> writer.writeDiskLayer("vda", 1, nothing))
                    .isInstanceOf(IllegalStateException.class);
        }
        try (PackageWriter writer = PackageWriter.to(new ByteArrayOutputStream(), manifest)) {
            writer.writeDomain("<domain/>", null);
            assertThatThrownBy(writer::finish)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("vda.0");
        }
    }

    @Test
    void theKernelMustBeTheOneThatTheManifestNames() throws Exception {
        Contents contents = Packages.small();
        contents.streams().put("kernel", contents.streams().get("kernel").clone());
        contents.streams().get("kernel")[5] ^= 1;
        assertThatThrownBy(() -> Packages.write(contents))
                .isInstanceOf(IntegrityException.class)
                .hasMessageContaining("kernel");
    }

    @Test
    void readsToTheEndOnly() throws Exception {
        byte[] bytes = Packages.write(Packages.small());
        try (PackageReader reader = PackageReader.from(new ByteArrayInputStream(bytes), PackageLimits.DEFAULT)) {
            assertThatThrownBy(reader::verify).isInstanceOf(IllegalStateException.class);
            reader.next();
            assertThatThrownBy(reader::next).isInstanceOf(IllegalStateException.class);
        }
    }
}
