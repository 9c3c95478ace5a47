// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vmmig.bundle.ImageFormat;
import io.vmmig.content.Digest;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.page.PageSource;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 1, unit = TimeUnit.MINUTES)
class ReferenceStoreTest {
    private static final int PAGE = PageSource.PAGE_BYTES;
    private static final int PAGES = 700;

    @TempDir
    private Path root;

    private Path directory;
    private Path file;
    private ImageStore images;
    private Digest digest;
    private ReferenceStore store;

    @BeforeEach
    void open() throws Exception {
        directory = root.resolve("references");
        images = ImageStore.at(root.resolve("images"));
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        for (int page = 0; page < PAGES; page++) {
            content.writeBytes(TestPages.page(page));
        }
        content.write(1);
        file = Files.write(root.resolve("file"), content.toByteArray());
        digest = images.add(file, ImageFormat.RAW);
        store = ReferenceStore.open(directory, images);
    }

    @AfterEach
    void close() throws Exception {
        store.close();
        images.references().close();
    }

    private static void await(CompletionStage<Void> stage) throws Exception {
        stage.toCompletableFuture().get(30, TimeUnit.SECONDS);
    }

    private static void requireFindsAll(PageSource pages) throws IOException {
        byte[] buffer = new byte[PAGE];
        assertThat(pages.pages()).isEqualTo(PAGES + 1);
        for (int page = 0; page < PAGES; page++) {
            assertThat(pages.find(TestPages.hash(page), -1)).isEqualTo(page);
            pages.read(page, buffer, 0);
            assertThat(buffer).isEqualTo(TestPages.page(page));
        }
        pages.read(PAGES, buffer, 0);
        assertThat(buffer[0]).isEqualTo((byte) 1);
        assertThat(java.util.Arrays.copyOfRange(buffer, 1, PAGE)).containsOnly(0);
        assertThat(pages.find(TestPages.hash(PAGES), -1)).isEqualTo(-1);
    }

    @Test
    @Timeout(30)
    void whatIsAddedToTheImagesIsIndexedInTheBackground() throws Exception {
        Path index = root.resolve("images/references/sha256-" + digest.hex() + ".raw.index");
        while (!Files.exists(index) && !Thread.interrupted()) {
            Thread.onSpinWait();
        }
        assertThat(index).exists();
    }

    @Test
    @Timeout(30)
    void aRamdiskThatIsAddedIsUnpackedInTheBackground() throws Exception {
        Path packed = root.resolve("ramdisk.gz");
        try (GZIPOutputStream out = new GZIPOutputStream(Files.newOutputStream(packed))) {
            out.write(TestPages.page(1));
        }
        Digest ramdisk = images.add(packed, ImageFormat.RAW);
        Path index = root.resolve("images/references/sha256-" + ramdisk.hex() + ".boot_2.index");
        while (!Files.exists(index) && !Thread.interrupted()) {
            Thread.onSpinWait();
        }
        assertThat(index).exists();
    }

    @Test
    void findsPagesOfHeldContentOnceItIsPrepared() throws Exception {
        await(store.prepare(digest, PageLayout.RAW));
        try (PageSource pages = store.held(digest, PageLayout.RAW).orElseThrow()) {
            requireFindsAll(pages);
        }
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)))
                .isEqualTo("rwx------");
    }

    @Test
    void findsPagesOfAnyFileOnceItIsPrepared() throws Exception {
        images.remove(digest);
        await(store.prepare(file, PageLayout.RAW, digest));
        try (PageSource pages = store.of(file, PageLayout.RAW, digest)) {
            requireFindsAll(pages);
        }
        assertThat(store.held(digest, PageLayout.RAW)).isEmpty();
    }

    @Test
    void readsWithoutAnIndex() throws Exception {
        try (PageSource pages = store.held(digest, PageLayout.RAW).orElseThrow()) {
            byte[] buffer = new byte[PAGE];
            pages.read(5, buffer, 0);
            assertThat(buffer).isEqualTo(TestPages.page(5));
            assertThat(pages.find(TestPages.hash(5), 5)).isEqualTo(-1);
            for (long page : new long[] {-1, PAGES + 1, Long.MAX_VALUE}) {
                assertThatThrownBy(() -> pages.read(page, buffer, 0)).isInstanceOf(IndexOutOfBoundsException.class);
            }
        }
        assertThat(names()).isEmpty();
    }

    @Test
    void holdsContentUnderItsOwnFormatOnly() throws Exception {
        assertThat(store.held(digest, PageLayout.QCOW2)).isEmpty();
        ExecutionException e =
                catchThrowableOfType(ExecutionException.class, () -> await(store.prepare(digest, PageLayout.QCOW2)));
        assertThat(((VmmigException) e.getCause()).problem()).isEqualTo(Problem.BASE_IMAGE_MISSING);
    }

    @Test
    void refusesWhatDoesNotHaveItsDigest() throws Exception {
        Files.write(file, new byte[] {1, 2, 3});
        assertThat(problemOf(() -> store.of(file, PageLayout.RAW, digest))).isEqualTo(Problem.BASE_IMAGE_DAMAGED);
        Files.write(images.find(digest).orElseThrow().path(), new byte[] {1, 2, 3});
        assertThat(problemOf(() -> store.held(digest, PageLayout.RAW))).isEqualTo(Problem.BASE_IMAGE_DAMAGED);
        assertThat(problemOf(() -> store.of(root.resolve("absent"), PageLayout.RAW, digest)))
                .isEqualTo(Problem.FILE_FAILED);
    }

    @Test
    void refusesWhatIsNoQcow2Image() {
        assertThat(problemOf(() -> store.of(file, PageLayout.QCOW2, digest))).isEqualTo(Problem.IMAGE_MALFORMED);
    }

    private static Problem problemOf(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        return catchThrowableOfType(VmmigException.class, call).problem();
    }

    @Test
    void findsUnpackedPagesOfRamdisks() throws Exception {
        byte[] inner = Files.readAllBytes(file);
        Path packed = root.resolve("packed");
        try (GZIPOutputStream out = new GZIPOutputStream(Files.newOutputStream(packed))) {
            out.write(inner);
        }
        Digest ramdisk = images.add(packed, ImageFormat.RAW);
        long filePages = (Files.size(packed) + PAGE - 1) / PAGE;
        byte[] buffer = new byte[PAGE];
        try (PageSource pages = store.held(ramdisk, PageLayout.BOOT_2).orElseThrow()) {
            pages.read(filePages + 3, buffer, 0);
            assertThat(buffer).isEqualTo(TestPages.page(3));
        }
        await(store.prepare(ramdisk, PageLayout.BOOT_2));
        try (PageSource pages = store.held(ramdisk, PageLayout.BOOT_2).orElseThrow()) {
            assertThat(pages.find(TestPages.hash(3), -1)).isEqualTo(filePages + 3);
        }
        Path unpacked = only("pages");
        damage(unpacked);
        try (PageSource pages = store.held(ramdisk, PageLayout.BOOT_2).orElseThrow()) {
            pages.read(filePages + 3, buffer, 0);
            assertThat(buffer).isEqualTo(TestPages.page(3));
        }
    }

    @Test
    void buildsADamagedIndexAgain() throws Exception {
        await(store.prepare(digest, PageLayout.RAW));
        Path index = only("index");
        byte[] intact = Files.readAllBytes(index);
        damage(index);
        try (PageSource pages = store.held(digest, PageLayout.RAW).orElseThrow()) {
            for (int page = 0; page < PAGES; page++) {
                assertThat(pages.find(TestPages.hash(page), -1)).isIn(-1L, (long) page);
            }
        }
        await(store.prepare(digest, PageLayout.RAW));
        assertThat(Files.readAllBytes(index)).isEqualTo(intact);
    }

    /** As when a migration is cancelled. */
    @Test
    void anInterruptIsNoDamage() throws Exception {
        await(store.prepare(digest, PageLayout.RAW));
        Path index = only("index");
        Object built = Files.getAttribute(index, "unix:ino");
        try (PageSource pages = store.held(digest, PageLayout.RAW).orElseThrow()) {
            Thread.currentThread().interrupt();
            assertThat(pages.find(TestPages.hash(1), -1)).isEqualTo(-1);
            assertThat(Thread.interrupted()).isTrue();
        }
        await(store.prepare(digest, PageLayout.RAW));
        assertThat(Files.getAttribute(index, "unix:ino")).isEqualTo(built);
    }

    @Test
    void buildsATruncatedIndexAgain() throws Exception {
        await(store.prepare(digest, PageLayout.RAW));
        Path index = only("index");
        Files.write(index, new byte[5000]);
        await(store.prepare(digest, PageLayout.RAW));
        try (PageSource pages = store.held(digest, PageLayout.RAW).orElseThrow()) {
            requireFindsAll(pages);
        }
    }

    @Test
    void buildsAnIndexOnce() throws Exception {
        await(store.prepare(digest, PageLayout.RAW));
        Object first = Files.getAttribute(only("index"), "unix:ino");
        await(store.prepare(digest, PageLayout.RAW));
        assertThat(Files.getAttribute(only("index"), "unix:ino")).isEqualTo(first);
    }

    @Test
    void twoStoresOfOneDirectoryDoNotDisturbEachOther() throws Exception {
        try (ReferenceStore other = ReferenceStore.open(directory, images)) {
            CompletionStage<Void> mine = store.prepare(digest, PageLayout.RAW);
            CompletionStage<Void> others = other.prepare(digest, PageLayout.RAW);
            await(mine);
            await(others);
            try (PageSource pages = other.held(digest, PageLayout.RAW).orElseThrow()) {
                requireFindsAll(pages);
            }
        }
        assertThat(names()).hasSize(1);
    }

    @Test
    void closingStopsTheBuilding() throws Exception {
        Path huge = root.resolve("huge");
        try (RandomAccessFile sparse = new RandomAccessFile(huge.toFile(), "rw")) {
            sparse.setLength(1L << 42);
        }
        CompletionStage<Void> building = store.prepare(huge, PageLayout.RAW, digest);
        CompletionStage<Void> waiting = store.prepare(digest, PageLayout.RAW);
        store.close();
        for (CompletionStage<Void> stage : List.of(building, waiting, store.prepare(digest, PageLayout.RAW))) {
            assertThatThrownBy(() -> await(stage)).hasRootCauseInstanceOf(CancellationException.class);
        }
        assertThat(names()).isEmpty();
    }

    @Test
    void sweepsWhatNobodyNeeds() throws Exception {
        await(store.prepare(digest, PageLayout.RAW));
        Path held = only("index");
        Path unused = Files.createFile(directory.resolve("sha256-" + "ab".repeat(32) + ".raw.index"));
        Path used = Files.createFile(directory.resolve("sha256-" + "cd".repeat(32) + ".boot_2.pages"));
        Path abandoned = Files.createFile(directory.resolve(".building-1"));
        Path underWay = Files.createFile(directory.resolve(".building-2"));
        Path foreign = Files.createFile(directory.resolve("notes"));
        for (Path old : List.of(held, unused, abandoned, foreign)) {
            Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofDays(31))));
        }
        ReferenceStore.open(directory, images).close();
        assertThat(List.of(held, used, underWay, foreign))
                .allSatisfy(path -> assertThat(path).exists());
        assertThat(List.of(unused, abandoned))
                .noneSatisfy(path -> assertThat(path).exists());
    }

    private static void damage(Path path) throws IOException {
        byte[] bytes = Files.readAllBytes(path);
        for (int at = 4096; at < bytes.length; at += 512) {
            bytes[at] ^= 1;
        }
        Path other = Files.write(path.resolveSibling("damaged"), bytes);
        Files.move(other, path, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    }

    private Path only(String kind) throws IOException {
        return directory.resolve(names().stream()
                .filter(name -> name.endsWith("." + kind))
                .reduce((a, b) -> {
                    throw new AssertionError(a + " and " + b);
                })
                .orElseThrow());
    }

    private List<String> names() throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.map(entry -> entry.getFileName().toString()).toList();
        }
    }
}
