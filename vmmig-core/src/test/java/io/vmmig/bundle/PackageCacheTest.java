// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vmmig.bundle.Packages.Contents;
import io.vmmig.bundle.format.TarHeader;
import io.vmmig.content.Digest;
import io.vmmig.content.Level;
import io.vmmig.error.IncompatibleException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.page.PageHash;
import io.vmmig.page.PageSource;
import io.vmmig.reference.ImageStore;
import io.vmmig.reference.PackageCache;
import io.vmmig.reference.PackageCaching;
import io.vmmig.reference.ReferenceStore;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Packages that stand on earlier ones. */
@Tag("once")
class PackageCacheTest {
    private static final byte[] DISK = Packages.memory(6 << 20, 21);

    private static final UUID GUEST = Manifests.of(List.of()).guestUuid();

    @TempDir
    Path directory;

    private ImageStore images;
    private PackageCache packages;

    @BeforeEach
    void open() throws Exception {
        images = ImageStore.at(directory);
        packages = images.references().packages();
    }

    @AfterEach
    void stopBuilding() throws Exception {
        images.references().close();
    }

    private Optional<PageSource> find(Digest seal) throws Exception {
        return packages.find(seal, none -> Optional.empty());
    }

    @Test
    void everyPageIsFoundAgain() throws Exception {
        byte[][] pages = RamStream.pages(6000, 31);
        Digest seal = keep(pages, List.of(), List.of());
        packages.prepare(seal, none -> Optional.empty()).toCompletableFuture().get(30, TimeUnit.SECONDS);
        PageSource kept = find(seal).orElseThrow();
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
            packages.prepare(before, none -> Optional.empty())
                    .toCompletableFuture()
                    .get(30, TimeUnit.SECONDS);
            PageSource earlier = find(before).orElseThrow();
            seals.add(keep(
                    pages, List.of(new Manifest.Reference(Manifest.Reference.Kind.PACKAGE, before)), List.of(earlier)));
            earlier.close();
            assertThat(size(seals.get(seals.size() - 1))).isLessThan(first / 50);
        }
        PageSource last = find(seals.get(4)).orElseThrow();
        List<byte[]> expected = expected(pages);
        byte[] page = new byte[RamStream.PAGE_BYTES];
        for (int i = 0; i < expected.size(); i++) {
            last.read(i, page, 0);
            assertThat(Arrays.equals(page, expected.get(i))).as("page %d", i).isTrue();
        }
        last.close();
        assertThat(packages.of(GUEST)).hasSize(5).contains(seals.get(0));

        Files.delete(file(seals.get(2)));
        assertThat(packages.of(GUEST)).containsExactlyInAnyOrder(seals.get(0), seals.get(1));
        assertThat(find(seals.get(4))).isEmpty();
        assertThat(find(seals.get(1))).isPresent();
    }

    @Test
    void changesAreBroughtElsewhereAndFolded(@TempDir Path elsewhere) throws Exception {
        byte[][] pages = RamStream.pages(3000, 36);
        Digest full = keep(pages, List.of(), List.of());
        pages[7] = new byte[RamStream.PAGE_BYTES];
        pages[7][0] = 1;
        packages.prepare(full, none -> Optional.empty()).toCompletableFuture().get(30, TimeUnit.SECONDS);
        PageSource earlier = find(full).orElseThrow();
        Digest changes =
                keep(pages, List.of(new Manifest.Reference(Manifest.Reference.Kind.PACKAGE, full)), List.of(earlier));
        earlier.close();
        try (InputStream in = Files.newInputStream(file(changes))) {
            assertThat(PackageReader.readOutline(in, PackageLimits.DEFAULT).seal())
                    .isEqualTo(changes);
        }

        ReferenceStore other = ImageStore.at(elsewhere).references();
        IncompatibleException refusal =
                catchThrowableOfType(IncompatibleException.class, () -> other.addPackage(file(changes)));
        assertThat(refusal).hasMessageContaining(full.toString());
        assertThat(refusal.problem()).isEqualTo(Problem.REFERENCE_MISSING);
        assertThat(other.addPackage(file(full))).isEqualTo(full);
        assertThat(other.addPackage(file(changes))).isEqualTo(changes);

        ByteArrayOutputStream folded = new ByteArrayOutputStream();
        try (InputStream in = Files.newInputStream(file(changes))) {
            other.fold(in, folded);
        }
        Contents contents = Packages.read(folded.toByteArray());
        assertThat(contents.manifest().references()).isEmpty();
        assertThat(contents.streams().get("snapshot")).isEqualTo(RamStream.of(pages));
        assertThat(contents.streams().get("disks/vda.0.raw")).isEqualTo(DISK);
        other.close();
    }

    @Test
    void theQuotaIsKept() throws Exception {
        Digest old = keep(RamStream.pages(300, 33), List.of(), List.of());
        Digest young = keep(RamStream.pages(300, 34), List.of(), List.of());
        touch(old, 1);
        packages.quota(size(young) + 100);
        assertThat(file(old)).doesNotExist();
        assertThat(file(young)).exists();
        packages.quota(0);
        try (PackageCaching keeping = packages.begin()) {
            assertThat(keeping.finish(Manifests.DIGEST)).isFalse();
        }
        assertThat(packages.of(GUEST)).isEmpty();
    }

    @Test
    void theQuotaIsOfTheDirectoryAndNotOfTheObject() throws Exception {
        assertThat(packages.quota()).isEqualTo(8L << 30);
        packages.quota(Long.MAX_VALUE);
        Digest seal = keep(RamStream.pages(300, 33), List.of(), List.of());
        packages.quota(size(seal) + 1);
        ReferenceStore other = ImageStore.at(directory).references();
        assertThat(other.packages().quota()).isEqualTo(size(seal) + 1);
        assertThatThrownBy(() -> packages.quota(-1)).isInstanceOf(IllegalArgumentException.class);

        Files.writeString(file(seal).resolveSibling("quota"), "much\n");
        assertThat(catchThrowableOfType(VmmigException.class, packages::quota).problem())
                .isEqualTo(Problem.FILE_FAILED);
        try (PackageCaching keeping = packages.begin()) {
            assertThat(keeping.finish(Manifests.DIGEST)).isFalse();
        }
        assertThat(file(seal)).exists();
    }

    @Test
    void noMoreIsWrittenThanTheQuotaAllows() throws Exception {
        Digest small = keep(RamStream.pages(300, 33), List.of(), List.of());
        packages.quota(size(small) + (1 << 20));
        try (PackageCaching keeping = packages.begin()) {
            OutputStream out = keeping.passingTo(OutputStream.nullOutputStream());
            for (int i = 0; i < 50; i++) {
                out.write(new byte[1 << 20]);
                assertThat(bytesBeing("keeping")).isLessThanOrEqualTo(size(small) + (1 << 20));
            }
            assertThat(keeping.finish(Manifests.DIGEST)).isFalse();
        }
        assertThat(bytesBeing("keeping")).isZero();
        assertThat(file(small)).exists();
    }

    /** Disks of guests are written there as well, and must not fail for a package that is only kept. */
    @Test
    void theDiskIsNotFilledUp() throws Exception {
        assertThat(OtherJvm.onTinyDisk(Filling.class, 64)).isEqualTo("given up in time");
    }

    /** Keeps a package that is larger than the disk. */
    static final class Filling {
        public static void main(String[] args) throws Exception {
            ImageStore images = ImageStore.at(Path.of(args[0]));
            FileStore disk = Files.getFileStore(Path.of(args[0]));
            long least = disk.getTotalSpace();
            try (PackageCaching keeping = images.references().packages().begin()) {
                OutputStream out = keeping.passingTo(OutputStream.nullOutputStream());
                for (int i = 0; i < 1000; i++) {
                    out.write(new byte[100_000]);
                    least = Math.min(least, disk.getUsableSpace());
                }
                boolean inTime = least > disk.getTotalSpace() / 25 && least < disk.getTotalSpace() / 10;
                boolean gone = disk.getUsableSpace() > disk.getTotalSpace() / 2;
                boolean kept = keeping.finish(Manifests.DIGEST);
                System.out.print(inTime && gone && !kept ? "given up in time" : least + " bytes were left");
            }
        }
    }

    @Test
    void whatIsNotKeptIsNotSaidToBe(@TempDir Path elsewhere) throws Exception {
        Digest seal = keep(RamStream.pages(3000, 33), List.of(), List.of());
        ImageStore others = ImageStore.at(elsewhere);
        try (ReferenceStore other = others.references()) {
            for (long quota : new long[] {0, 1000, size(seal) - 1}) {
                other.packages().quota(quota);
                VmmigException refusal = catchThrowableOfType(VmmigException.class, () -> other.addPackage(file(seal)));
                assertThat(refusal.problem()).isEqualTo(Problem.DISK_FULL);
                assertThat(refusal).hasMessageContaining("quota").hasMessageContaining("not cached");
            }
            other.packages().quota(size(seal));
            other.addPackage(file(seal));
            assertThat(other.packages().of(GUEST)).containsExactly(seal);
        }
    }

    @Test
    void whatOthersStandUponStaysLongest() throws Exception {
        byte[][] pages = RamStream.pages(300, 33);
        Digest full = keep(pages, List.of(), List.of());
        Digest monday = keepUpon(full, pages, 1);
        Digest tuesday = keepUpon(monday, pages, 2);
        Digest other = keep(RamStream.pages(300, 34), List.of(), List.of());
        touch(full, 1);
        touch(monday, 2);
        touch(tuesday, 4);
        touch(other, 3);
        long all = indexed(full) + indexed(monday) + indexed(tuesday) + indexed(other);
        packages.quota(all - 1);
        assertThat(packages.of(GUEST)).containsExactlyInAnyOrder(full, monday, tuesday);
        packages.quota(indexed(full) + indexed(monday));
        assertThat(packages.of(GUEST)).containsExactlyInAnyOrder(full, monday);
        assertThat(find(monday)).isPresent().get().satisfies(PageSource::close);
    }

    @Test
    void whatIsOfNoUseGoesFirst() throws Exception {
        byte[][] pages = RamStream.pages(300, 33);
        Digest full = keep(pages, List.of(), List.of());
        Digest monday = keepUpon(full, pages, 1);
        Digest tuesday = keepUpon(monday, pages, 2);
        Digest other = keep(RamStream.pages(300, 34), List.of(), List.of());
        touch(other, 1);
        Files.delete(file(full));
        packages.quota(size(other));
        assertThat(packages.of(GUEST)).containsExactly(other);
        assertThat(List.of(file(monday), file(tuesday)))
                .allSatisfy(file -> assertThat(file).doesNotExist());
    }

    @Test
    void whatIsNotFinishedLeavesNothing() throws Exception {
        try (PackageCaching keeping = packages.begin()) {
            keeping.passingTo(OutputStream.nullOutputStream()).write(new byte[1000]);
        }
        try (Stream<Path> files = Files.walk(directory)) {
            assertThat(files.filter(Files::isRegularFile)).isEmpty();
        }
    }

    @Test
    void whatIsAbandonedIsSwept() throws Exception {
        Digest seal = keep(RamStream.pages(300, 33), List.of(), List.of());
        Path index = file(Manifests.DIGEST).resolveSibling("sha256-" + Manifests.DIGEST.hex() + ".index");
        Path unfinished = index.resolveSibling(".keeping-1");
        Path underWay = index.resolveSibling(".keeping-2");
        for (Path file : List.of(index, unfinished, underWay)) {
            Files.writeString(file, "of a package that has gone");
        }
        Files.setLastModifiedTime(unfinished, FileTime.fromMillis(1));
        packages.quota(1 << 30);
        assertThat(List.of(index, unfinished))
                .allSatisfy(file -> assertThat(file).doesNotExist());
        assertThat(List.of(file(seal), underWay))
                .allSatisfy(file -> assertThat(file).exists());
    }

    @Test
    void skippingAndMarkingDoNotLoseBytes() throws Exception {
        byte[] bytes = RamStream.of(RamStream.pages(300, 33));
        try (PackageCaching keeping = packages.begin();
                InputStream in = keeping.passingFrom(new ByteArrayInputStream(bytes))) {
            assertThat(in.markSupported()).isFalse();
            in.skipNBytes(5000);
            assertThat(in.read()).isEqualTo(bytes[5000] & 0xff);
            in.transferTo(OutputStream.nullOutputStream());
            assertThat(keeping.finish(Manifests.DIGEST)).isFalse();
        }
    }

    /** It was not written to its end when the power failed, say. */
    @Test
    void aDamagedPackageIsRemovedAndNoneSuffersForIt() throws Exception {
        Digest seal = keep(RamStream.pages(300, 33), List.of(), List.of());
        byte[] whole = Files.readAllBytes(file(seal));
        List<byte[]> damaged = List.of(
                new byte[0],
                Arrays.copyOf(whole, 100),
                Arrays.copyOf(whole, 700),
                new byte[20000],
                "x".repeat(600).getBytes(java.nio.charset.StandardCharsets.UTF_8));
        for (int i = 0; i < damaged.size(); i++) {
            Digest other = new Digest(String.format("%064x", i));
            Files.write(file(other), damaged.get(i));
            assertThat(packages.of(GUEST)).as("case %d", i).containsExactly(seal);
            assertThat(file(other)).doesNotExist();
            Files.write(file(other), damaged.get(i));
            assertThat(find(other)).isEmpty();
            assertThat(file(other)).doesNotExist();
        }
        Digest renamed = new Digest("9".repeat(64));
        Files.write(file(renamed), whole);
        assertThat(find(renamed)).as("another package's seal").isEmpty();
        assertThat(file(renamed)).doesNotExist();
    }

    @Test
    void whatCannotBeReadNowIsLeftAlone() throws Exception {
        Digest seal = keep(RamStream.pages(300, 33), List.of(), List.of());
        Files.createDirectory(file(Manifests.DIGEST));
        assertThat(packages.of(GUEST)).containsExactly(seal);
        assertThat(find(Manifests.DIGEST)).isEmpty();
        assertThat(file(Manifests.DIGEST)).exists();
    }

    @Test
    void aPackageThatCannotBeIndexedIsClosed() throws Exception {
        Digest seal = keep(RamStream.pages(300, 33), List.of(), List.of());
        Files.createDirectories(
                file(seal).resolveSibling("sha256-" + seal.hex() + ".index").resolve("in/the/way"));
        for (int i = 0; i < 20; i++) {
            assertThatThrownBy(() -> packages.prepare(seal, none -> Optional.empty())
                            .toCompletableFuture()
                            .get(30, TimeUnit.SECONDS))
                    .hasRootCauseInstanceOf(java.io.IOException.class);
            assertThat(find(seal)).isPresent().get().satisfies(PageSource::close);
        }
        assertThat(openFiles(file(seal))).isZero();
    }

    @Test
    @Timeout(60)
    void aTruncatedPackageIsNoShorterOne() throws Exception {
        Digest seal = keep(RamStream.pages(2000, 35), List.of(), List.of());
        byte[] bytes = Files.readAllBytes(file(seal));
        List<Integer> cuts = new ArrayList<>(List.of(0, 1, 511, 512, 513, bytes.length - 512, bytes.length - 1));
        for (int at = 0; bytes[at] != 0; ) {
            TarHeader header = TarHeader.parse(Arrays.copyOfRange(bytes, at, at + 512));
            int end = at + 512 + (int) ((header.size() + 511) / 512 * 512);
            cuts.addAll(List.of(at, at + 512, at + 513, (at + end) / 2, end - 512, end));
            at = end;
        }
        for (int cut : cuts) {
            Files.write(file(seal), Arrays.copyOf(bytes, cut));
            assertThat(find(seal)).as("cut at %d of %d", cut, bytes.length).isEmpty();
            assertThat(file(seal)).doesNotExist();
        }
        Files.write(file(seal), Arrays.copyOf(bytes, bytes.length + 512));
        assertThat(find(seal)).isEmpty();
        Files.write(file(seal), bytes);
        assertThat(find(seal)).isPresent().get().satisfies(PageSource::close);
    }

    @Test
    void aDamagedPackageGivesTheRightPageOrNone() throws Exception {
        byte[][] pages = RamStream.pages(3000, 35);
        List<byte[]> expected = expected(pages);
        Digest seal = keep(pages, List.of(), List.of());
        byte[] bytes = Files.readAllBytes(file(seal));
        Random random = new Random(3);
        byte[] page = new byte[RamStream.PAGE_BYTES];
        int failures = 0;
        int right = 0;
        for (int i = 0; i < 60; i++) {
            byte[] damaged = bytes.clone();
            damaged[6000 + random.nextInt(bytes.length - 6000)] ^= 1 << random.nextInt(8);
            Files.write(file(seal), damaged);
            Optional<PageSource> kept = find(seal);
            if (kept.isEmpty()) {
                assertThat(file(seal)).doesNotExist();
                continue;
            }
            try (PageSource open = kept.get()) {
                for (int number = 0; number < expected.size(); number += 1 + random.nextInt(40)) {
                    open.read(number, page, 0);
                    assertThat(page).isEqualTo(expected.get(number));
                    right++;
                }
            } catch (java.io.IOException e) {
                failures++;
                assertThat(file(seal)).as("it must not be used again").doesNotExist();
            }
            packages.removeDamaged(List.of(seal));
            assertThat(file(seal)).doesNotExist();
        }
        assertThat(failures).isGreaterThan(20);
        assertThat(right).isGreaterThan(20);
        Files.write(file(seal), bytes);
        packages.removeDamaged(List.of(seal));
        assertThat(file(seal)).exists();
    }

    @Test
    void aPackageThatIsCutOffWhileItIsReadIsRemoved() throws Exception {
        Digest seal = keep(RamStream.pages(3000, 35), List.of(), List.of());
        try (PageSource open = find(seal).orElseThrow()) {
            Files.write(file(seal), Arrays.copyOf(Files.readAllBytes(file(seal)), 5000));
            assertThatThrownBy(() -> open.read(0, new byte[RamStream.PAGE_BYTES], 0))
                    .isInstanceOf(java.io.IOException.class)
                    .hasMessageContaining(file(seal).toString());
        }
        assertThat(file(seal)).doesNotExist();
    }

    @Test
    void whatADamagedPackageStandsUponIsVerifiedToo() throws Exception {
        byte[][] pages = RamStream.pages(3000, 35);
        Digest full = keep(pages, List.of(), List.of());
        Digest monday = keepUpon(full, pages, 1);
        byte[] bytes = Files.readAllBytes(file(full));
        bytes[bytes.length / 2] ^= 1;
        Files.write(file(full), bytes);
        packages.removeDamaged(List.of(monday));
        assertThat(file(monday)).exists();
        assertThat(file(full)).doesNotExist();
    }

    @Test
    void manyPackagesInAChainNeedNoMoreHeapThanFew() throws Exception {
        Random random = new Random(5);
        byte[][] pages = new byte[6 * 1024][];
        Digest seal = null;
        for (int depth = 0; depth < 9; depth++) {
            for (int i = 0; i < pages.length; i++) {
                if (depth == 0 || i % 32 >= 9 || i % 32 == depth) {
                    pages[i] = new byte[RamStream.PAGE_BYTES];
                    random.nextBytes(pages[i]);
                }
            }
            seal = seal == null ? keep(pages, List.of(), List.of()) : keepUpon(seal, pages);
        }
        MessageDigest expected = Digest.newSha256();
        expected(pages).forEach(expected::update);
        assertThat(packages.of(GUEST)).hasSize(9);
        assertThat(OtherJvm.run(Reading.class, file(seal).toString(), "-Xmx96m"))
                .isEqualTo(Digest.of(expected).toString());
    }

    /** Reads all pages of a package. */
    static final class Reading {
        public static void main(String[] args) throws Exception {
            Path file = Path.of(args[0]);
            Digest seal = new Digest(file.getFileName().toString().substring(7, 71));
            PackageCache packages =
                    ImageStore.at(file.resolve("../../..")).references().packages();
            MessageDigest read = Digest.newSha256();
            byte[] page = new byte[RamStream.PAGE_BYTES];
            try (PageSource source =
                    packages.find(seal, none -> Optional.empty()).orElseThrow()) {
                for (long i = 0; i < source.pages(); i++) {
                    source.read(i, page, 0);
                    read.update(page);
                }
            }
            System.out.print(Digest.of(read));
        }
    }

    @Test
    void aKernelThatComesWithAPackageStays(@TempDir Path elsewhere) throws Exception {
        Contents contents = Packages.small();
        Manifest manifest = contents.manifest().withReferences(List.of());
        Path file = Files.write(elsewhere.resolve("full"), Packages.write(contents));
        PackageReader.Outline outline;
        try (InputStream in = Files.newInputStream(file)) {
            outline = PackageReader.readOutline(in, PackageLimits.DEFAULT);
        }
        Digest kernel = java.util.Objects.requireNonNull(manifest.kernel()).digest();
        Digest ramdisk = java.util.Objects.requireNonNull(manifest.ramdisk()).digest();
        assertThat(outline.bootFiles()).containsExactlyInAnyOrder(kernel, ramdisk);

        ReferenceStore store = images.references();
        store.addPackageUnlessHeld(() -> Files.newInputStream(file));
        assertThat(packages.of(GUEST)).containsExactly(outline.seal());
        assertThat(images.verified(kernel).path())
                .hasBinaryContent(contents.streams().get("kernel"));
        images.remove(kernel);
        images.remove(ramdisk);
        Object kept = Files.getAttribute(file(outline.seal()), "unix:ino");
        store.addPackageUnlessHeld(() -> Files.newInputStream(file));
        assertThat(images.verified(ramdisk).path())
                .hasBinaryContent(contents.streams().get("ramdisk"));
        assertThat(images.verified(kernel).path())
                .hasBinaryContent(contents.streams().get("kernel"));
        assertThat(Files.getAttribute(file(outline.seal()), "unix:ino")).isEqualTo(kept);

        contents.streams().remove("kernel");
        contents.streams().remove("ramdisk");
        ByteArrayOutputStream folded = new ByteArrayOutputStream();
        store.fold(new ByteArrayInputStream(Packages.write(contents)), folded);
        assertThat(Packages.read(folded.toByteArray()).streams()).containsKeys("kernel", "ramdisk", "snapshot");
    }

    @Test
    void aLivePackageIsAddedAndFolded() throws Exception {
        Contents small = Packages.small();
        Map<String, byte[]> streams = new LinkedHashMap<>();
        small.streams().forEach((name, content) -> {
            if (name.startsWith("disks/")) {
                streams.putIfAbsent("precopy", DISK);
            }
            streams.put(name, content);
        });
        byte[] live = Packages.write(new Contents(
                small.manifest().asLive(), small.xml(), small.cookie(), small.definition(), small.guest(), streams));
        images.references().addPackage(Files.write(directory.resolve("live"), live));
        ByteArrayOutputStream folded = new ByteArrayOutputStream();
        images.references().fold(new ByteArrayInputStream(live), folded);
        assertThat(Packages.read(folded.toByteArray()).streams().get("precopy")).isEqualTo(DISK);
    }

    @Test
    void aFoldedPackageStillRefersToItsBaseImage() throws Exception {
        Digest base = images.add(Files.write(directory.resolve("base"), DISK), ImageFormat.RAW);
        Manifest.Reference reference = new Manifest.Reference(Manifest.Reference.Kind.RAW, base);
        images.references()
                .prepare(base, io.vmmig.reference.PageLayout.RAW)
                .toCompletableFuture()
                .get(30, TimeUnit.SECONDS);
        byte[][] pages = RamStream.pages(10, 33);
        Path changes;
        try (PageSource source = images.references().find(reference).orElseThrow()) {
            changes = file(keep(pages, List.of(reference), List.of(source)));
        }
        ByteArrayOutputStream folded = new ByteArrayOutputStream();
        try (InputStream in = Files.newInputStream(changes)) {
            images.references().fold(in, folded);
        }
        assertThat(folded.size()).isLessThan(1 << 20);
        try (PageSource source = images.references().find(reference).orElseThrow()) {
            Contents contents = Packages.read(
                    new ByteArrayInputStream(folded.toByteArray()), PackageLimits.DEFAULT, List.of(source));
            assertThat(contents.manifest().references()).containsExactly(reference);
            assertThat(contents.streams().get("disks/vda.0.raw")).isEqualTo(DISK);
        }
    }

    /** Keeps a package of the same pages but for one, which refers to an earlier one. */
    private Digest keepUpon(Digest earlier, byte[][] pages, int change) throws Exception {
        byte[][] changed = pages.clone();
        changed[change] = new byte[RamStream.PAGE_BYTES];
        changed[change][0] = (byte) change;
        return keepUpon(earlier, changed);
    }

    private Digest keepUpon(Digest earlier, byte[][] pages) throws Exception {
        packages.prepare(earlier, none -> Optional.empty())
                .toCompletableFuture()
                .get(60, TimeUnit.SECONDS);
        try (PageSource source = find(earlier).orElseThrow()) {
            return keep(
                    pages, List.of(new Manifest.Reference(Manifest.Reference.Kind.PACKAGE, earlier)), List.of(source));
        }
    }

    private void touch(Digest seal, long millis) throws Exception {
        Files.setLastModifiedTime(file(seal), FileTime.fromMillis(millis));
    }

    /** The size of a package and its index. */
    private long indexed(Digest seal) throws Exception {
        Path index = file(seal).resolveSibling("sha256-" + seal.hex() + ".index");
        return size(seal) + (Files.exists(index) ? Files.size(index) : 0);
    }

    private long bytesBeing(String made) throws Exception {
        try (Stream<Path> files = Files.list(file(Manifests.DIGEST).getParent())) {
            return files.filter(file -> file.getFileName().toString().startsWith("." + made))
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        }
    }

    private static long openFiles(Path file) throws Exception {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            return descriptors.filter(descriptor -> leadsTo(descriptor, file)).count();
        }
    }

    private static boolean leadsTo(Path descriptor, Path file) {
        try {
            return Files.readSymbolicLink(descriptor).equals(file);
        } catch (java.io.IOException e) {
            return false;
        }
    }

    private Digest keep(byte[][] pages, List<Manifest.Reference> references, List<PageSource> sources)
            throws Exception {
        Manifest manifest = Manifests.of(List.of(
                        new Manifest.Disk("vda", List.of(new Manifest.Layer(ImageFormat.RAW, DISK.length, 0)), null)))
                .withReferences(references);
        try (PackageCaching keeping = packages.begin()) {
            PackageSummary summary;
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            try (PackageWriter writer = PackageWriter.to(keeping.passingTo(out), manifest, sources, Level.BALANCED)) {
                writer.writeDomain("<domain/>", null);
                writer.writeDiskLayer("vda", 0, new ByteArrayInputStream(DISK));
                writer.writeSnapshot(new ByteArrayInputStream(RamStream.of(pages)));
                summary = writer.finish();
            }
            assertThat(keeping.finish(summary.seal())).isTrue();
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
