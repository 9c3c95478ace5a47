// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vmmig.bundle.ImageFormat;
import io.vmmig.bundle.Manifest;
import io.vmmig.content.Digest;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.FileHoles;
import io.vmmig.reference.ImageStore;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Images as QEMU's own tools make them, moved, and judged by the same tools. */
@Tag("slow")
class QemuImagesIT {
    @TempDir
    private Path source;

    @TempDir
    private Path destination;

    private Qemu qemu;

    @BeforeEach
    void makeBase() throws Exception {
        qemu = new Qemu(source);
        qemu.img("create -q -f raw base.raw 8M");
        qemu.io("base.raw", "raw", "write -P 0x11 0 3M");
        qemu.img("convert -q -f raw -O qcow2 base.raw base.qcow2");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "compat=1.1",
                "compat=0.10",
                "compat=1.1,compression_type=zstd",
                "compat=1.1,extended_l2=on",
                "compat=1.1,lazy_refcounts=on",
                "compat=1.1,refcount_bits=64",
                "compat=1.1,refcount_bits=1",
                "cluster_size=512",
                "cluster_size=1k",
                "cluster_size=4k",
                "cluster_size=128k",
                "cluster_size=2M",
                "cluster_size=2M,extended_l2=on,compression_type=zstd",
                "compat=0.10,cluster_size=512"
            })
    void anOverlayArrivesAsItWas(String options) throws Exception {
        for (String base : List.of("raw", "qcow2")) {
            String top = "top-" + base;
            qemu.img("create -q -f qcow2 -o " + options + " -b base." + base + " -F " + base + " " + top);
            fill(top);
            qemu.io(top, "qcow2", "write -c -P 0x44 4M 2M");
            Path there = Files.createDirectory(destination.resolve(base));
            Path arrived = Move.of(source.resolve(top), ImageFormat.QCOW2, there);
            requireSame(source.resolve(top), arrived);
            assertThat(qemu.img("info -f qcow2 " + arrived))
                    .contains("backing file: " + there.resolve("base"))
                    .doesNotContain(source.toString());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"compat=1.1", "compat=0.10", "compat=1.1,preallocation=metadata", "compat=1.1,preallocation=full"
            })
    void anImageThatStandsAloneArrivesAsItWas(String options) throws Exception {
        qemu.img("create -q -f qcow2 -o " + options + " alone 8M");
        fill("alone");
        requireSame(source.resolve("alone"), Move.of(source.resolve("alone"), ImageFormat.QCOW2, destination));
    }

    @Test
    void anEmptyImageArrivesAsItWas() throws Exception {
        qemu.img("create -q -f qcow2 empty 0");
        requireSame(source.resolve("empty"), Move.of(source.resolve("empty"), ImageFormat.QCOW2, destination));
    }

    @Test
    void aRawImageArrivesAsItWas() throws Exception {
        Path arrived = Move.of(source.resolve("base.raw"), ImageFormat.RAW, destination);
        assertThat(Files.mismatch(source.resolve("base.raw"), arrived)).isEqualTo(-1);
    }

    /** Before a layer comes, there is an image on which a QEMU can wait for its guest. */
    @ParameterizedTest
    @ValueSource(strings = {"8M", "3T", "1000000"})
    void aPlaceIsReservedForAChain(String size) throws Exception {
        qemu.img("create -q -f qcow2 -b base.qcow2 -F qcow2 -o cluster_size=2M,extended_l2=on middle");
        qemu.io("middle", "qcow2", "write -P 0x22 1M 1M");
        qemu.img("create -q -f qcow2 -b middle -F qcow2 top " + size);
        qemu.io("top", "qcow2", "write -P 0x33 64k 64k");
        Path arrived = Move.ofReserved(source.resolve("top"), ImageFormat.QCOW2, destination, empty -> {
            qemu.img("check -q -f qcow2 " + empty);
            assertThat(qemu.img("info -f qcow2 " + empty))
                    .contains("backing file: " + destination.resolve("layer0"))
                    .contains("backing file format: qcow2")
                    .contains("virtual size: " + virtualSize("top"));
            qemu.io(empty.toString(), "qcow2", "read -P 0x11 0 64k");
        });
        requireSame(source.resolve("top"), arrived);
    }

    @ParameterizedTest
    @ValueSource(strings = {"raw", "qcow2"})
    void anOverlayIsMadeThatQemuWritesTo(String format) throws Exception {
        Path below = source.resolve("base." + format);
        DiskChain chain = DiskChain.read(below, ImageFormat.of(format).orElseThrow(), false);
        ImageFiles.makeOverlay(source.resolve("overlay"), chain.layers().get(0));
        qemu.img("check -q -f qcow2 overlay");
        qemu.io("overlay", "qcow2", "read -P 0x11 0 64k");
        qemu.io("overlay", "qcow2", "write -P 0x22 0 64k");
        qemu.img("commit -q -f qcow2 overlay");
        qemu.io(below.toString(), format, "read -P 0x22 0 64k");
    }

    private String virtualSize(String image) throws Exception {
        return qemu.img("info -f qcow2 " + image)
                .lines()
                .filter(line -> line.startsWith("virtual size: "))
                .findFirst()
                .orElseThrow()
                .substring("virtual size: ".length());
    }

    @Test
    void aPlaceIsReservedForARawImage() throws Exception {
        Path arrived = Move.ofReserved(
                source.resolve("base.raw"), ImageFormat.RAW, destination, empty -> assertThat(Files.size(empty))
                        .isEqualTo(8 << 20));
        assertThat(Files.mismatch(source.resolve("base.raw"), arrived)).isEqualTo(-1);
    }

    @Test
    void aDeepChainArrivesAsItWas() throws Exception {
        qemu.img("create -q -f qcow2 -b base.qcow2 -F qcow2 middle");
        qemu.io("middle", "qcow2", "write -P 0x22 1M 1M");
        qemu.img("create -q -f qcow2 -b middle -F qcow2 top 16M");
        qemu.io("top", "qcow2", "write -P 0x33 2M 1M");
        requireSame(source.resolve("top"), Move.of(source.resolve("top"), ImageFormat.QCOW2, destination));
    }

    @Test
    void internalSnapshotsDoNotTravel() throws Exception {
        overlay("");
        qemu.img("snapshot -c before top");
        assertThatThrownBy(() -> Move.of(source.resolve("top"), ImageFormat.QCOW2, destination))
                .isInstanceOfSatisfying(
                        VmmigException.class, e -> assertThat(e.problem()).isEqualTo(Problem.DISK_UNSUPPORTED))
                .hasMessageContaining("internal snapshots");
    }

    /** Bitmaps stay behind, and their clusters are free again. */
    @Test
    void bitmapsStayBehind() throws Exception {
        overlay("");
        qemu.img("bitmap --add top dirty");
        Path arrived = Move.of(source.resolve("top"), ImageFormat.QCOW2, destination);
        assertThat(qemu.img("info top")).contains("dirty");
        assertThat(qemu.img("info " + arrived)).doesNotContain("dirty");
        qemu.img("check -q " + arrived);
        requireSame(source.resolve("top"), arrived);
    }

    /** Each kind of cluster that QEMU makes, in clusters of each size, with reference counts that QEMU finds nothing wrong with. */
    @ParameterizedTest
    @CsvSource({
        "cluster_size=512, 512",
        "cluster_size=4k, 4k",
        "cluster_size=2M, 2M",
        "compat=0.10, 64k",
        "refcount_bits=1, 64k",
        "refcount_bits=64, 64k",
        "extended_l2=on, 64k",
        "compression_type=zstd, 64k",
        "preallocation=metadata, 64k",
        "lazy_refcounts=on, 64k"
    })
    void arrivesWithSoundTables(String option, String cluster) throws Exception {
        qemu.img("create -q -f qcow2 -o " + option + " top 64M");
        qemu.io("top", "qcow2", "write -P 0x11 0 3M");
        qemu.io("top", "qcow2", "write -P 0x22 50M 100k");
        if (!option.startsWith("preallocation")) {
            // QEMU compresses into clusters only that are not there yet.
            qemu.io("top", "qcow2", "write -c -P 0x33 20M 2M");
            qemu.io("top", "qcow2", "write -c -P 0x44 22M 2M");
        }
        if (!option.equals("compat=0.10")) {
            qemu.io("top", "qcow2", "write -z 1M 1M");
        }
        qemu.io("top", "qcow2", "discard 2M 1M");
        Path arrived = Move.of(source.resolve("top"), ImageFormat.QCOW2, destination);
        qemu.img("check -q " + arrived);
        requireSame(source.resolve("top"), arrived);
        qemu.io(arrived.toString(), "qcow2", "write -P 0x55 30M 10M");
        qemu.img("check -q " + arrived);
        Path again = Move.of(arrived, ImageFormat.QCOW2, Files.createDirectory(destination.resolve("again")));
        assertThat(Files.size(again)).isEqualTo(Files.size(arrived));
        requireSame(arrived, again);
    }

    /** As an image is while a guest has it open: QEMU counts references anew when it opens the copy. */
    @Test
    void anImageWithLazyReferenceCountsArrivesInTheMiddleOfItsUse() throws Exception {
        overlay("-o lazy_refcounts=on");
        qemu.run("qemu-io", "-f", "qcow2", "-c", "write -P 0x66 5M 1M", "-c", "flush", "-c", "abort", "top");
        assertThat(Files.readAllBytes(source.resolve("top"))[79] & 1)
                .as("dirty")
                .isEqualTo(1);
        Path arrived = Move.of(source.resolve("top"), ImageFormat.QCOW2, destination);
        for (Path image : List.of(source.resolve("top"), arrived)) {
            Qemu.Result opened = qemu.run("qemu-io", "-f", "qcow2", "-c", "read -P 0x66 5M 1M", image.toString());
            assertThat(opened.code()).as(opened.output()).isZero();
            assertThat(opened.output()).contains("read 1048576/1048576");
        }
        requireSame(source.resolve("top"), arrived);
    }

    /** What is in a package is of no use, and does no harm, outside of it. */
    @Test
    void qemuRefusesWhatTravels() throws Exception {
        qemu.img("create -q -f qcow2 -b base.qcow2 -F qcow2 middle");
        qemu.img("create -q -f qcow2 -b middle -F qcow2 top");
        DiskChain chain = DiskChain.read(source.resolve("top"), ImageFormat.QCOW2, false);
        Digest digest = Move.digestOf(source.resolve("base.qcow2"));
        for (int layer = 0; layer < 2; layer++) {
            Path file = destination.resolve("sent" + layer);
            try (InputStream in = chain.open(layer, digest, FileHoles.NONE)) {
                Files.copy(in, file);
            }
            Qemu.Result opened = qemu.run("qemu-io", "-f", "qcow2", "-c", "read 0 512", file.toString());
            assertThat(opened.code()).isNotZero();
            assertThat(opened.output()).contains("Unknown protocol 'vmmig'");
        }
    }

    @Test
    void aLongPathFitsExactlyIfThereIsRoom() throws Exception {
        overlay("-o cluster_size=512");
        Path deep = destination.resolve("d".repeat(250));
        Files.createDirectory(deep);
        String fitting = "e".repeat(376 - deep.toString().length() - 1);
        for (String name : List.of(fitting, fitting + "e")) {
            DiskChain chain = DiskChain.read(source.resolve("top"), ImageFormat.QCOW2, false);
            Manifest.Disk disk = Move.describe(chain);
            Path base = deep.resolve(name);
            Path file = destination.resolve("top" + name.length());
            Files.copy(source.resolve("base.qcow2"), base);
            try (InputStream in = chain.open(0, Move.digestOf(base), FileHoles.NONE)) {
                if (name.equals(fitting)) {
                    Move.writeLayer(in, disk, 0, file, base);
                    requireSame(source.resolve("top"), file);
                } else {
                    VmmigException e =
                            catchThrowableOfType(VmmigException.class, () -> Move.writeLayer(in, disk, 0, file, base));
                    assertThat(e.problem()).isEqualTo(Problem.DISK_UNSUPPORTED);
                    assertThat(e).hasMessageContaining("377 bytes").hasMessageContaining("shorter paths");
                }
            }
        }
    }

    @Test
    void dataInAnotherFileStays() throws Exception {
        requireStays("-o data_file=data,data_file_raw=on", "another file");
    }

    @ParameterizedTest
    @ValueSource(strings = {"luks", "aes"})
    void encryptedImagesStay(String method) throws Exception {
        String options = "-o encrypt.format=" + method + ",encrypt.key-secret=s --object secret,id=s,data=x";
        requireStays(options + (method.equals("luks") ? " -o encrypt.iter-time=100" : ""), "encrypted");
    }

    private void requireStays(String options, String reason) throws Exception {
        String[] command = ("qemu-img create -q -f qcow2 " + options + " image 8M").split(" ");
        Qemu.Result created = qemu.run(command);
        // LUKS measures the processor, and gives up on a busy virtual machine.
        for (int i = 0; i < 50 && created.output().contains("accurate CPU usage"); i++) {
            created = qemu.run(command);
        }
        assertThat(created.code()).as(created.output()).isZero();
        VmmigException e = catchThrowableOfType(
                VmmigException.class, () -> DiskChain.read(source.resolve("image"), ImageFormat.QCOW2, false));
        assertThat(e.problem()).isEqualTo(Problem.DISK_UNSUPPORTED);
        assertThat(e).hasMessageContaining(reason);
    }

    @Test
    void aForeignBackingFileIsNotTaken() throws Exception {
        overlay("");
        Manifest.Disk disk = Move.describe(DiskChain.read(source.resolve("top"), ImageFormat.QCOW2, false));
        qemu.img("rebase -q -u -f qcow2 -b /etc/shadow -F raw top");
        try (InputStream in = Files.newInputStream(source.resolve("top"))) {
            VmmigException e = catchThrowableOfType(
                    VmmigException.class,
                    () -> Move.writeLayer(in, disk, 0, destination.resolve("top"), destination.resolve("base")));
            assertThat(e.problem()).isEqualTo(Problem.IMAGE_MALFORMED);
            assertThat(e).hasMessageContaining("/etc/shadow");
        }
    }

    /** Whatever a header says, QEMU finds no file in what was taken but the one that we have put there. */
    @Test
    void qemuFindsNoOtherFileInWhatWasTaken() throws Exception {
        overlay("-o cluster_size=512");
        DiskChain chain = DiskChain.read(source.resolve("top"), ImageFormat.QCOW2, false);
        Manifest.Disk disk = Move.describe(chain);
        Path base = Files.copy(source.resolve("base.qcow2"), destination.resolve("base"));
        byte[] seed;
        try (InputStream in = chain.open(0, Move.digestOf(base), FileHoles.NONE)) {
            seed = in.readAllBytes();
        }
        Random random = new Random(11);
        Path file = destination.resolve("top");
        int opened = 0;
        for (int i = 0, taken = 0; i < 20_000 && taken < 60; i++) {
            byte[] image = seed.clone();
            for (int n = random.nextInt(3); n >= 0; n--) {
                image[8 + random.nextInt(200)] = (byte) random.nextInt();
            }
            try {
                Move.writeLayer(new ByteArrayInputStream(image), disk, 0, file, base);
            } catch (VmmigException e) {
                continue;
            }
            taken++;
            Qemu.Result info = qemu.run("qemu-img", "info", "-f", "qcow2", "--output=json", file.toString());
            if (info.code() == 0) {
                opened++;
                assertThat(info.output())
                        .contains("\"backing-filename\": \"" + base + "\"")
                        .contains("\"backing-filename-format\": \"qcow2\"")
                        .doesNotContain("data-file\":")
                        .doesNotContain("\"encrypted\": true");
            }
            Files.delete(file);
        }
        assertThat(opened).isGreaterThan(20);
    }

    /**
     * Here the reference counts say that the header's own cluster is free, so that what a guest writes would become the
     * header; but they are not the ones that QEMU gets to see.
     */
    @Test
    void aGuestCannotWriteTheHeader() throws Exception {
        overlay("");
        DiskChain chain = DiskChain.read(source.resolve("top"), ImageFormat.QCOW2, false);
        Path base = Files.copy(source.resolve("base.qcow2"), destination.resolve("base"));
        byte[] image;
        try (InputStream in = chain.open(0, Move.digestOf(base), FileHoles.NONE)) {
            image = in.readAllBytes();
        }
        ByteBuffer fields = ByteBuffer.wrap(image);
        int referenceCounts = (int) fields.getLong((int) fields.getLong(48));
        assertThat(fields.getShort(referenceCounts)).isEqualTo((short) 1);
        fields.putShort(referenceCounts, (short) 0);
        Path file = destination.resolve("top");
        Move.writeLayer(new ByteArrayInputStream(image), Move.describe(chain), 0, file, base);
        Qemu.Result written = qemu.run("qemu-io", "-f", "qcow2", "-c", "write -P 7 4M 64k", file.toString());
        assertThat(written.output()).contains("wrote 65536/65536");
        qemu.img("check -q " + file);
        byte[] after = Files.readAllBytes(file);
        int name = (int) ByteBuffer.wrap(after).getLong(8);
        assertThat(new String(after, name, base.toString().length(), StandardCharsets.UTF_8))
                .isEqualTo(base.toString());
    }

    @Test
    void theStoreTakesBaseImagesOnly() throws Exception {
        overlay("");
        ImageStore store = ImageStore.at(destination.resolve("store"));
        Digest digest = store.add(source.resolve("base.qcow2"), ImageFormat.QCOW2);
        assertThat(Files.mismatch(
                        source.resolve("base.qcow2"),
                        store.verified(digest, ImageFormat.QCOW2).path()))
                .isEqualTo(-1);
        VmmigException e =
                catchThrowableOfType(VmmigException.class, () -> store.add(source.resolve("top"), ImageFormat.QCOW2));
        assertThat(e.problem()).isEqualTo(Problem.DISK_UNSUPPORTED);
        assertThat(e).hasMessageContaining("backing file of its own");
        assertThat(store.list()).hasSize(1);
    }

    private void overlay(String options) throws Exception {
        qemu.img(("create -q -f qcow2 " + options + " -b base.qcow2 -F qcow2 top").replace("  ", " "));
        fill("top");
    }

    private void fill(String image) throws Exception {
        qemu.io(image, "qcow2", "write -P 0x22 1M 1M");
        qemu.io(image, "qcow2", "write -P 0x33 6M 64k");
        qemu.io(image, "qcow2", "write -z 2M 64k");
    }

    /** Compares what a guest would see, and has QEMU look over the image itself. */
    private void requireSame(Path original, Path arrived) throws Exception {
        assertThat(qemu.img("compare -f qcow2 -F qcow2 " + original + " " + arrived))
                .contains("identical");
        assertThat(qemu.img("check -f qcow2 " + arrived)).contains("No errors");
    }
}
