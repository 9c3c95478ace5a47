// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.github.luben.zstd.Zstd;
import io.vmmig.bundle.PackageLimits.Limit;
import io.vmmig.bundle.Packages.Contents;
import io.vmmig.bundle.format.TarHeader;
import io.vmmig.bundle.format.TarOutput;
import io.vmmig.error.IntegrityException;
import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Packages that are damaged, or made to do harm: each is refused by name, in little time and memory. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
@Tag("once")
class PackageHostileTest {
    private final Contents contents = Packages.small();
    private final byte[] whole = write(contents);

    @Test
    void truncatedAnywhere() throws Exception {
        Random random = new Random(1);
        TreeSet<Integer> lengths = new TreeSet<>(entryOffsets(whole));
        lengths.remove(0);
        for (int i = 0; i < 200; i++) {
            lengths.add(random.nextInt(whole.length));
        }
        lengths.add(whole.length - 1);
        for (int length : lengths) {
            assertProblem(Arrays.copyOf(whole, length), Problem.PACKAGE_TRUNCATED);
        }
    }

    @Test
    void closedBeforeItWasFinished() throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (PackageWriter writer = PackageWriter.to(out, Manifests.of(List.of()))) {
            writer.writeDomain("<domain/>", null);
            writer.writeSnapshot(new ByteArrayInputStream(new byte[1000]));
            assertThatThrownBy(() -> writer.writeSnapshot(new ByteArrayInputStream(new byte[1000])))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("snapshot");
        }
        assertProblem(out.toByteArray(), Problem.PACKAGE_TRUNCATED);
    }

    @Test
    void somethingFollowsTheEnd() {
        assertProblem(Arrays.copyOf(whole, whole.length + 1), Problem.PACKAGE_MALFORMED);
        assertProblem(Arrays.copyOf(whole, whole.length + 10240), Problem.PACKAGE_MALFORMED);
        assertProblem(concat(whole, whole), Problem.PACKAGE_MALFORMED);
    }

    @Test
    void everyFlippedBitIsFound() {
        Random random = new Random(2);
        for (int i = 0; i < 300; i++) {
            byte[] flipped = whole.clone();
            // Headers and padding get their share, though they are few among all the bytes.
            int at = i % 2 == 0 ? random.nextInt(whole.length) : random.nextInt(4096);
            flipped[at] ^= (byte) (1 << random.nextInt(8));
            assertThat(catchThrowable(() -> Packages.read(flipped)))
                    .as("bit at %d", at)
                    .isInstanceOfAny(PackageFormatException.class, IntegrityException.class);
        }
    }

    @Test
    void anyDamageIsFound() {
        Random random = new Random(3);
        for (int i = 0; i < 120; i++) {
            byte[] bytes = whole.clone();
            int at = random.nextInt(bytes.length);
            int length = random.nextInt(Math.min(2000, bytes.length - at));
            byte[] damaged =
                    switch (random.nextInt(4)) {
                        case 0 ->
                            concat(Arrays.copyOf(bytes, at), Arrays.copyOfRange(bytes, at + length, bytes.length));
                        case 1 ->
                            concat(Arrays.copyOf(bytes, at + length), Arrays.copyOfRange(bytes, at, bytes.length));
                        case 2 -> {
                            Arrays.fill(bytes, at, at + length, (byte) random.nextInt());
                            yield bytes;
                        }
                        default -> {
                            System.arraycopy(whole, random.nextInt(bytes.length - length), bytes, at, length);
                            yield bytes;
                        }
                    };
            if (!Arrays.equals(damaged, whole)) {
                assertThat(catchThrowable(() -> Packages.read(damaged)))
                        .isInstanceOfAny(PackageFormatException.class, IntegrityException.class);
            }
        }
    }

    @Test
    void otherFilesAreNoPackages() throws Exception {
        for (String text : List.of("QFI\u00fb", "age-encryption.org/v1\n", "<domain/>", "LibvirtQemudSave")) {
            byte[] bytes = Arrays.copyOf(text.getBytes(StandardCharsets.ISO_8859_1), 20_000);
            assertProblem(bytes, Problem.PACKAGE_MALFORMED);
        }
        assertProblem(new byte[10240], Problem.PACKAGE_MALFORMED);
        assertProblem(new byte[0], Problem.PACKAGE_TRUNCATED);
        assertProblem(tar(List.of(Map.entry("readme", new byte[5]))), Problem.PACKAGE_MALFORMED);
    }

    @Test
    void whatIsNoPackageIsCalledWhatItIs() throws Exception {
        Map<String, String> kinds = Map.of(
                "QFI\u00fb\0\0\0\3", "a qcow2 image",
                "age-encryption.org/v1\n-> X25519", "a sealed file",
                "<domain type='kvm'>", "a page of XML",
                "LibvirtQemudSave", "a save image",
                "QEVM\0\0\0\3", "a migration stream",
                "\u001f\u008b\b", "a gzip file",
                "\0\0\0", "zeros",
                "#!/bin/sh\nrm -rf /", "something that begins with \"#!/bin/sh?rm -rf\"");
        for (Map.Entry<String, String> kind : kinds.entrySet()) {
            byte[] bytes = Arrays.copyOf(kind.getKey().getBytes(StandardCharsets.ISO_8859_1), 20_000);
            assertThat(catchThrowable(() -> Packages.read(bytes)))
                    .hasMessageContaining("this is not a vmmig package, but " + kind.getValue())
                    .hasMessageContaining("Name the file or the address");
        }
        byte[] other = tar(List.of(Map.entry("../etc/passwd", new byte[5])));
        assertThat(catchThrowable(() -> Packages.read(other)))
                .hasMessageContaining("a tar archive, whose first entry is \"../etc/passwd\"");
    }

    @Test
    void otherEntriesThanTheManifestImplies() throws Exception {
        assertEdited(Problem.PACKAGE_MALFORMED, entries -> entries.remove(1));
        assertEdited(Problem.PACKAGE_MALFORMED, entries -> remove(entries, "disks/vda.1.qcow2/000000"));
        assertEdited(Problem.PACKAGE_MALFORMED, entries -> remove(entries, "snapshot/000000"));
        assertEdited(Problem.PACKAGE_TRUNCATED, entries -> remove(entries, "seal.json"));
        assertEdited(Problem.PACKAGE_MALFORMED, entries -> entries.add(Map.entry("seal.json", new byte[2])));
        assertEdited(Problem.PACKAGE_MALFORMED, entries -> entries.add(3, entries.get(3)));
        assertEdited(Problem.PACKAGE_MALFORMED, entries -> entries.add(1, Map.entry("novelty", new byte[2])));
        assertEdited(Problem.PACKAGE_MALFORMED, entries -> entries.add(3, Map.entry("../../etc/passwd", new byte[2])));
        assertEdited(Problem.PACKAGE_MALFORMED, entries -> entries.add(3, Map.entry("/etc/passwd", new byte[2])));
        assertEdited(Problem.PACKAGE_MALFORMED, entries -> rename(entries, "snapshot/000000", "snapshot/000001"));
        assertEdited(Problem.PACKAGE_MALFORMED, entries -> rename(entries, "snapshot/000000", "snapshot/0"));
        assertEdited(Problem.PACKAGE_MALFORMED, entries -> rename(entries, "snapshot/000000", "snapshot"));
        assertEdited(
                Problem.PACKAGE_MALFORMED,
                entries -> rename(entries, "libvirt-cookie.xml", "libvirt-cookie.xml/000000"));
        assertEdited(
                Problem.PACKAGE_MALFORMED,
                entries -> rename(entries, "disks/sdb.0.raw/000000", "disks/sdb.0.raw/-00001"));
    }

    @Test
    void headersThatNoPackageHas() throws Exception {
        byte[] bytes = new byte[100];
        for (Consumer<TarArchiveEntry> change : List.<Consumer<TarArchiveEntry>>of(
                entry -> entry.setMode(0644),
                entry -> entry.setModTime(1_000_000),
                entry -> entry.setUserId(1000),
                entry -> entry.setUserName("root"),
                entry -> entry.setLinkName("/etc/passwd"))) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            try (TarArchiveOutputStream tar = new TarArchiveOutputStream(out)) {
                TarArchiveEntry entry = new TarArchiveEntry("manifest.json");
                change.accept(entry);
                entry.setSize(bytes.length);
                tar.putArchiveEntry(entry);
                tar.write(bytes);
                tar.closeArchiveEntry();
            }
            assertProblem(out.toByteArray(), Problem.PACKAGE_MALFORMED);
        }
        for (char type : ("1234567xgLKSDMVNX" + (char) 0).toCharArray()) {
            byte[] header = new TarHeader("manifest.json", bytes.length).toBytes();
            header[156] = (byte) type;
            int sum = 8 * ' ';
            for (int i = 0; i < header.length; i++) {
                sum += i >= 148 && i < 156 ? 0 : header[i] & 0xff;
            }
            byte[] digits = String.format("%06o", sum).getBytes(StandardCharsets.US_ASCII);
            System.arraycopy(digits, 0, header, 148, digits.length);
            assertProblem(Arrays.copyOf(header, 20_480), Problem.PACKAGE_MALFORMED);
        }
    }

    @Test
    void headersAreParsedByOneForm() throws Exception {
        byte[] header = new TarHeader("snapshot/000000", 1234).toBytes();
        assertThat(TarHeader.parse(header)).isEqualTo(new TarHeader("snapshot/000000", 1234));
        Random random = new Random(4);
        for (int i = 0; i < 20_000; i++) {
            byte[] changed = header.clone();
            changed[random.nextInt(changed.length)] ^= (byte) (1 + random.nextInt(255));
            assertThatThrownBy(() -> TarHeader.parse(changed)).isInstanceOf(PackageFormatException.class);
            byte[] noise = new byte[TarHeader.BLOCK];
            random.nextBytes(noise);
            assertThatThrownBy(() -> TarHeader.parse(noise)).isInstanceOf(PackageFormatException.class);
        }
    }

    @Test
    void sizesThatNobodyHasRoomFor() throws Exception {
        List<Integer> offsets = entryOffsets(whole);
        for (int at : offsets.subList(0, offsets.size() - 1)) {
            String name =
                    TarHeader.parse(Arrays.copyOfRange(whole, at, at + 512)).name();
            byte[] huge = whole.clone();
            System.arraycopy(new TarHeader(name, (1L << 33) - 1).toBytes(), 0, huge, at, 512);
            assertProblem(huge, Problem.PACKAGE_LIMIT_EXCEEDED);
        }
    }

    @Test
    void segmentsThatAreNotOneFrame() throws Exception {
        byte[] good = Zstd.compress(opaque(contents.streams().get("snapshot")));
        byte[] noSize = noContentSize(opaque(contents.streams().get("snapshot")));
        byte[] skippable = {0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4};
        for (byte[] segment : List.of(
                new byte[0],
                new byte[1],
                new byte[100],
                contents.streams().get("snapshot"),
                Arrays.copyOf(good, good.length - 1),
                Arrays.copyOf(good, good.length + 1),
                concat(good, Zstd.compress(new byte[0])),
                concat(good, skippable),
                concat(skippable, good),
                noSize)) {
            assertEdited(Problem.PACKAGE_MALFORMED, entries -> replace(entries, "snapshot/000000", segment));
        }
        // A bomb: 5 MiB of zeros in a few hundred bytes.
        assertEdited(
                Problem.PACKAGE_LIMIT_EXCEEDED,
                entries -> replace(entries, "snapshot/000000", Zstd.compress(new byte[5 << 20])));
        assertEdited(Problem.PACKAGE_LIMIT_EXCEEDED, entries -> replace(entries, "snapshot/000000", new byte[5 << 20]));
    }

    /** The body of a segment that carries its content as it is. */
    private static byte[] opaque(byte[] content) {
        ByteArrayOutputStream instructions = new ByteArrayOutputStream();
        instructions.write(0);
        int rest = content.length;
        for (; rest > 0x7f; rest >>>= 7) {
            instructions.write(rest & 0x7f | 0x80);
        }
        instructions.write(rest);
        return concat(new byte[] {(byte) instructions.size(), 0, 0, 0}, concat(instructions.toByteArray(), content));
    }

    @Test
    void emptySegmentsThatNeverEnd() throws Exception {
        byte[] empty = Zstd.compress(new byte[4]);
        assertEdited(Problem.PACKAGE_MALFORMED, entries -> {
            int seal = entries.size() - 1;
            entries.add(seal, Map.entry("snapshot/000001", empty));
            entries.add(seal + 1, Map.entry("snapshot/000002", empty));
        });
    }

    @Test
    void contentOfAnotherSizeThanTheManifestSays() throws Exception {
        assertEdited(
                Problem.PACKAGE_MALFORMED,
                entries -> replace(entries, "disks/sdb.0.raw/000000", Zstd.compress(opaque(new byte[8193]))));
        assertEdited(
                Problem.PACKAGE_MALFORMED,
                entries -> replace(entries, "disks/sdb.0.raw/000000", Zstd.compress(opaque(new byte[8191]))));
        assertEdited(
                Problem.PACKAGE_MALFORMED,
                entries -> replace(entries, "kernel/000000", Zstd.compress(new byte[50_001])));
    }

    @Test
    void contentThatIsNotWhatWasSealed() throws Exception {
        for (String name : List.of("snapshot/000000", "disks/vda.0.qcow2/000000")) {
            assertEdited(
                    Problem.DIGEST_MISMATCH, entries -> replace(entries, name, Zstd.compress(opaque(new byte[777]))));
        }
        assertEdited(Problem.DIGEST_MISMATCH, entries -> replace(entries, "libvirt.xml", "<other/>".getBytes()));
        // The same content, stored in another way, is not what was sealed either.
        assertEdited(
                Problem.DIGEST_MISMATCH,
                entries -> replace(
                        entries,
                        "snapshot/000000",
                        Zstd.compress(opaque(contents.streams().get("snapshot")), 19)));
        assertEdited(Problem.DIGEST_MISMATCH, entries -> {
            int manifest = 0;
            String json = new String(entries.get(manifest).getValue(), StandardCharsets.UTF_8);
            entries.set(
                    manifest,
                    Map.entry("manifest.json", json.replace("web-1", "web-2").getBytes(StandardCharsets.UTF_8)));
        });
    }

    @Test
    void textThatIsNotText() throws Exception {
        assertEdited(Problem.PACKAGE_MALFORMED, entries -> replace(entries, "libvirt.xml", new byte[] {(byte) 0xff}));
    }

    @Test
    void seals() throws Exception {
        String seal = new String(entries(whole).get(entries(whole).size() - 1).getValue(), StandardCharsets.UTF_8);
        for (String json : List.of("", "{}", "{\"vmmig\":1}", "{\"vmmig\":1,\"contents\":[]}", seal + "x")) {
            assertEdited(Problem.PACKAGE_MALFORMED, entries -> replace(entries, "seal.json", json.getBytes()));
        }
        assertEdited(
                Problem.PACKAGE_TOO_NEW,
                entries -> replace(
                        entries,
                        "seal.json",
                        seal.replace("\"vmmig\": 2", "\"vmmig\": 2, \"critical\": [\"witnesses\"], \"witnesses\": []")
                                .getBytes()));
        List<Map.Entry<String, byte[]>> withMore = entries(whole);
        replace(
                withMore,
                "seal.json",
                seal.replace("\"vmmig\": 2", "\"vmmig\": 2, \"witnesses\": [], \"signatures\": [\"of nobody\"]")
                        .getBytes());
        Packages.assertSame(Packages.read(tar(withMore)), contents);
    }

    @Test
    void limits() throws Exception {
        PackageLimits limits = PackageLimits.DEFAULT;
        for (PackageLimits less : List.of(
                limits.with(Limit.MANIFEST_BYTES, 100),
                limits.with(Limit.XML_BYTES, 5),
                limits.with(Limit.SEAL_BYTES, 100),
                limits.with(Limit.SEGMENT_BYTES, 30_000),
                limits.with(Limit.STORED_SEGMENT_BYTES, 1000),
                limits.with(Limit.DISKS, 2),
                limits.with(Limit.LAYERS, 1),
                limits.with(Limit.ENTRIES, 5),
                limits.with(Limit.KERNEL_BYTES, 100),
                limits.with(Limit.RAMDISK_BYTES, 100),
                limits.with(Limit.MEMORY_BYTES, 100),
                limits.with(Limit.SNAPSHOT_BYTES, 100),
                limits.with(Limit.VIRTUAL_DISK_BYTES, 100),
                limits.with(Limit.DISK_BYTES, 100))) {
            Throwable refusal = catchThrowable(() -> Packages.read(new ByteArrayInputStream(whole), less));
            assertThat(refusal).isInstanceOf(PackageFormatException.class);
            assertThat(((VmmigException) refusal).problem()).as("%s", less).isEqualTo(Problem.PACKAGE_LIMIT_EXCEEDED);
        }
    }

    /** By the decoded bytes, whatever sizes the manifest makes up. */
    @Test
    void allImagesTogetherAreLimited() throws Exception {
        Manifest manifest = Manifests.of(List.of(
                new Manifest.Disk("vda", List.of(new Manifest.Layer(ImageFormat.QCOW2, 1000, 1)), null),
                new Manifest.Disk("vdb", List.of(new Manifest.Layer(ImageFormat.QCOW2, 1000, 1)), null)));
        Map<String, byte[]> streams = new LinkedHashMap<>();
        streams.put("disks/vda.0.qcow2", new byte[60_000]);
        streams.put("disks/vdb.0.qcow2", new byte[60_000]);
        streams.put("snapshot", new byte[1]);
        byte[] bytes = Packages.write(new Contents(manifest, "<domain/>", null, streams));
        PackageLimits limits = PackageLimits.DEFAULT.with(Limit.DISK_BYTES, 100_000);

        assertThatThrownBy(() -> Packages.read(new ByteArrayInputStream(bytes), limits))
                .isInstanceOf(PackageFormatException.class)
                .hasMessageContaining("vdb");
    }

    private static byte[] write(Contents contents) {
        try {
            return Packages.write(contents);
        } catch (VmmigException e) {
            throw new AssertionError(e);
        }
    }

    private static void assertProblem(byte[] bytes, Problem problem) {
        Throwable refusal = catchThrowable(() -> Packages.read(bytes));
        assertThat(refusal).as("%d bytes", bytes.length).isInstanceOf(VmmigException.class);
        assertThat(((VmmigException) refusal).problem()).as("%s", refusal).isEqualTo(problem);
    }

    private void assertEdited(Problem problem, Consumer<List<Map.Entry<String, byte[]>>> edit) throws IOException {
        List<Map.Entry<String, byte[]>> entries = entries(whole);
        edit.accept(entries);
        assertProblem(tar(entries), problem);
    }

    private static void remove(List<Map.Entry<String, byte[]>> entries, String name) {
        assertThat(entries.removeIf(entry -> entry.getKey().equals(name))).isTrue();
    }

    private static void rename(List<Map.Entry<String, byte[]>> entries, String name, String newName) {
        entries.replaceAll(entry -> entry.getKey().equals(name) ? Map.entry(newName, entry.getValue()) : entry);
    }

    static void replace(List<Map.Entry<String, byte[]>> entries, String name, byte[] content) {
        entries.replaceAll(entry -> entry.getKey().equals(name) ? Map.entry(name, content) : entry);
    }

    private static List<Integer> entryOffsets(byte[] tar) throws PackageFormatException {
        List<Integer> offsets = new ArrayList<>();
        int at = 0;
        while (tar[at] != 0) {
            offsets.add(at);
            long size = TarHeader.parse(Arrays.copyOfRange(tar, at, at + 512)).size();
            at += 512 + (int) ((size + 511) / 512 * 512);
        }
        offsets.add(at);
        return offsets;
    }

    static List<Map.Entry<String, byte[]>> entries(byte[] tar) {
        try {
            List<Map.Entry<String, byte[]>> entries = new ArrayList<>();
            for (int at : entryOffsets(tar)) {
                if (tar[at] != 0) {
                    TarHeader header = TarHeader.parse(Arrays.copyOfRange(tar, at, at + 512));
                    entries.add(Map.entry(
                            header.name(), Arrays.copyOfRange(tar, at + 512, at + 512 + (int) header.size())));
                }
            }
            return entries;
        } catch (PackageFormatException e) {
            throw new AssertionError(e);
        }
    }

    static byte[] tar(List<Map.Entry<String, byte[]>> entries) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        TarOutput tar = new TarOutput(out);
        for (Map.Entry<String, byte[]> entry : entries) {
            tar.entry(entry.getKey(), entry.getValue(), entry.getValue().length);
        }
        tar.end();
        return out.toByteArray();
    }

    private static byte[] noContentSize(byte[] bytes) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (com.github.luben.zstd.ZstdOutputStream zstd = new com.github.luben.zstd.ZstdOutputStream(out)) {
            zstd.write(bytes);
        }
        return out.toByteArray();
    }

    private static byte[] concat(byte[] a, byte[] b) {
        byte[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }
}
