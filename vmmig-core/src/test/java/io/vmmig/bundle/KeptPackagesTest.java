// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.Digest;
import io.vmmig.Level;
import io.vmmig.page.PageHash;
import io.vmmig.page.PageSource;
import io.vmmig.reference.ImageStore;
import io.vmmig.reference.KeptPackages;
import io.vmmig.reference.PackageKeeping;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Packages that stand on earlier ones. */
class KeptPackagesTest {
    private static final byte[] DISK = Packages.memory(6 << 20, 21);

    @TempDir
    Path directory;

    private KeptPackages packages;

    @BeforeEach
    void open() throws Exception {
        packages = ImageStore.at(directory).references().packages();
    }

    @Test
    void everyPageIsFoundAgain() throws Exception {
        byte[][] pages = RamStream.pages(6000, 31);
        Digest seal = keep(pages, List.of(), List.of());
        PageSource kept = packages.find(seal, none -> Optional.empty(), true).orElseThrow();
        List<byte[]> expected = expected(pages);
        assertThat(kept.pages()).isEqualTo(expected.size());
        byte[] page = new byte[RamStream.PAGE_BYTES];
        Random random = new Random(1);
        for (int i = 0; i < expected.size(); i++) {
            int number = i % 2 == 0 ? i : random.nextInt(expected.size());
            kept.read(number, page, 0);
            assertThat(Arrays.equals(page, expected.get(number)))
                    .as("page %d", number)
                    .isTrue();
        }
        int content = 0;
        while (isFilled(expected.get(content))) {
            content++;
        }
        long found = kept.find(PageHash.of(expected.get(content), 0), content);
        assertThat(found).isEqualTo(content);
        kept.close();
    }

    @Test
    void aChainOfChanges() throws Exception {
        byte[][] pages = RamStream.pages(5000, 32);
        List<Digest> seals = new ArrayList<>();
        seals.add(keep(pages, List.of(), List.of()));
        long first = size(seals.get(0));
        Random random = new Random(2);
        for (int step = 0; step < 4; step++) {
            for (int i = 0; i < 50; i++) {
                int at = 1 + random.nextInt(pages.length - 1);
                if (pages[at] != null) {
                    pages[at] = pages[at].clone();
                    pages[at][random.nextInt(RamStream.PAGE_BYTES)] ^= 0x55;
                }
            }
            Digest before = seals.get(seals.size() - 1);
            PageSource earlier =
                    packages.find(before, none -> Optional.empty(), true).orElseThrow();
            seals.add(keep(
                    pages, List.of(new Manifest.Reference(Manifest.Reference.Kind.PACKAGE, before)), List.of(earlier)));
            earlier.close();
            assertThat(size(seals.get(seals.size() - 1))).isLessThan(first / 50);
        }
        PageSource last =
                packages.find(seals.get(4), none -> Optional.empty(), false).orElseThrow();
        List<byte[]> expected = expected(pages);
        byte[] page = new byte[RamStream.PAGE_BYTES];
        for (int i = 0; i < expected.size(); i++) {
            last.read(i, page, 0);
            assertThat(Arrays.equals(page, expected.get(i))).as("page %d", i).isTrue();
        }
        last.close();
        assertThat(packages.of(Manifests.of(List.of()).guestUuid())).hasSize(5).contains(seals.get(0));

        Files.delete(file(seals.get(2)));
        assertThat(packages.find(seals.get(4), none -> Optional.empty(), false)).isEmpty();
        assertThat(packages.find(seals.get(1), none -> Optional.empty(), false)).isPresent();
    }

    @Test
    void theQuotaIsKept() throws Exception {
        Digest old = keep(RamStream.pages(300, 33), List.of(), List.of());
        Digest young = keep(RamStream.pages(300, 34), List.of(), List.of());
        Files.setLastModifiedTime(file(old), java.nio.file.attribute.FileTime.fromMillis(1));
        packages.quota(size(young) + 100);
        assertThat(file(old)).doesNotExist();
        assertThat(file(young)).exists();
        packages.quota(0);
        try (PackageKeeping keeping = packages.begin()) {
            keeping.finish(Manifests.DIGEST);
        }
        assertThat(packages.of(Manifests.of(List.of()).guestUuid())).isEmpty();
    }

    @Test
    void whatIsNotFinishedLeavesNothing() throws Exception {
        try (PackageKeeping keeping = packages.begin()) {
            keeping.passingTo(OutputStream.nullOutputStream()).write(new byte[1000]);
        }
        try (Stream<Path> files = Files.walk(directory)) {
            assertThat(files.filter(Files::isRegularFile)).isEmpty();
        }
    }

    @Test
    void aDamagedPackageIsOfNoUse() throws Exception {
        Digest seal = keep(RamStream.pages(3000, 35), List.of(), List.of());
        byte[] bytes = Files.readAllBytes(file(seal));
        Random random = new Random(3);
        byte[] page = new byte[RamStream.PAGE_BYTES];
        for (int i = 0; i < 60; i++) {
            byte[] damaged = Arrays.copyOf(bytes, i % 5 == 0 ? random.nextInt(bytes.length) : bytes.length);
            for (int j = 0; j < 20 && i % 5 > 0; j++) {
                damaged[6000 + random.nextInt(bytes.length - 6000)] ^= 1;
            }
            Files.write(file(seal), damaged);
            Optional<PageSource> kept = packages.find(seal, none -> Optional.empty(), false);
            if (kept.isPresent()) {
                long number = random.nextLong(Math.max(1, kept.get().pages()));
                try {
                    kept.get().read(number, page, 0);
                } catch (java.io.IOException | IndexOutOfBoundsException e) {
                    assertThat(e).isNotNull();
                }
                kept.get().close();
            }
        }
    }

    private Digest keep(byte[][] pages, List<Manifest.Reference> references, List<PageSource> sources)
            throws Exception {
        Manifest manifest = Manifests.of(List.of(
                        new Manifest.Disk("vda", List.of(new Manifest.Layer(ImageFormat.RAW, DISK.length, 0)), null)))
                .withReferences(references);
        try (PackageKeeping keeping = packages.begin()) {
            PackageSummary summary;
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            try (PackageWriter writer = PackageWriter.to(keeping.passingTo(out), manifest, sources, Level.BALANCED)) {
                writer.writeDomain("<domain/>", null);
                writer.writeDiskLayer("vda", 0, new ByteArrayInputStream(DISK));
                writer.writeSnapshot(new ByteArrayInputStream(RamStream.of(pages)));
                summary = writer.finish();
            }
            keeping.finish(summary.seal());
            assertThat(Files.readAllBytes(file(summary.seal()))).isEqualTo(out.toByteArray());
            return summary.seal();
        }
    }

    /** The pages that the instructions produce: of the disk, and of the memory but for a zero page with a block's name. */
    private static List<byte[]> expected(byte[][] pages) {
        List<byte[]> expected = new ArrayList<>();
        for (int at = 0; at < DISK.length; at += RamStream.PAGE_BYTES) {
            expected.add(Arrays.copyOfRange(DISK, at, at + RamStream.PAGE_BYTES));
        }
        for (int i = 0; i < pages.length; i++) {
            if (i > 0 || pages[i] != null) {
                expected.add(pages[i] == null ? new byte[RamStream.PAGE_BYTES] : pages[i]);
            }
        }
        return expected;
    }

    private static boolean isFilled(byte[] page) {
        return Arrays.equals(page, 1, page.length, page, 0, page.length - 1);
    }

    private Path file(Digest seal) {
        return directory.resolve("references/packages/sha256-" + seal.hex() + ".package");
    }

    private long size(Digest seal) throws Exception {
        return Files.size(file(seal));
    }
}
