// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vmmig.bundle.ImageFormat;
import io.vmmig.content.Digest;
import io.vmmig.error.IncompatibleException;
import io.vmmig.error.IntegrityException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.testing.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageStoreTest {
    private static final Digest ABSENT = new Digest("ab".repeat(32));
    private static final String CONTENT = "a kernel, let us say";
    private static final Digest DIGEST = digest(CONTENT);

    /** Files that were changed so long ago that another change could not go unseen, one for each test that needs one. */
    @TempDir
    private static Path aged;

    @TempDir
    private Path directory;

    private Path root;
    private Path kernel;
    private ImageStore store;

    @BeforeAll
    static void age() throws Exception {
        for (String name : List.of("1", "2", "3", "4")) {
            Files.writeString(aged.resolve(name), CONTENT);
        }
        Await.until("4 is old enough", () -> FileStamp.of(aged.resolve("4")).settled());
    }

    @AfterEach
    void stopBuilding() throws Exception {
        store.references().close();
    }

    @BeforeEach
    void open() throws Exception {
        root = directory.resolve("new/store");
        store = ImageStore.at(root);
        kernel = Files.writeString(directory.resolve("kernel"), CONTENT);
    }

    @Test
    void isMadeForItsOwnerOnly() throws Exception {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(root)))
                .isEqualTo("rwx--x--x");
    }

    @Test
    void leavesAnExistingDirectoryAsItIs() throws Exception {
        Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwx--x--x"));
        ImageStore.at(root);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(root)))
                .isEqualTo("rwx--x--x");
    }

    @Test
    void saysWhenItCannotBeMade() {
        assertThat(problemOf(() -> ImageStore.at(kernel.resolve("store")))).isEqualTo(Problem.FILE_FAILED);
    }

    @Test
    void holdsWhatIsAdded() throws Exception {
        assertThat(store.add(kernel, ImageFormat.RAW)).isEqualTo(DIGEST);
        Path file = root.resolve("sha256-" + DIGEST.hex() + ".raw");
        BaseImage held = new BaseImage(DIGEST, file, ImageFormat.RAW, CONTENT.length(), false);
        assertThat(store.find(DIGEST)).contains(held);
        assertThat(store.verified(DIGEST)).isEqualTo(held);
        assertThat(store.verified(DIGEST, ImageFormat.RAW)).isEqualTo(held);
        assertThat(store.list()).containsExactly(held);
        assertThat(file).hasContent(CONTENT);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
    }

    @Test
    void holdsOneCopy() throws Exception {
        store.add(kernel, ImageFormat.RAW);
        Object before = inode(store.verified(DIGEST).path());
        store.add(kernel, ImageFormat.RAW);
        assertThat(inode(store.verified(DIGEST).path())).isEqualTo(before);
        assertThat(names()).hasSize(1);
    }

    @Test
    void tellsWhatItDoesNotHold() throws Exception {
        assertThat(store.find(ABSENT)).isEmpty();
        assertThat(store.list()).isEmpty();
        IncompatibleException e = catchThrowableOfType(IncompatibleException.class, () -> store.verified(ABSENT));
        assertThat(e.problem()).isEqualTo(Problem.BASE_IMAGE_MISSING);
        assertThat(e).hasMessageContaining(ABSENT.toString()).hasMessageContaining("ImageStore.add");
    }

    /** Raw content that passes for qcow2 could name a backing file of its own. */
    @Test
    void anImageIsHeldInOneFormat() throws Exception {
        store.add(kernel, ImageFormat.RAW);
        assertThat(problemOf(() -> store.verified(DIGEST, ImageFormat.QCOW2))).isEqualTo(Problem.BASE_IMAGE_MISSING);
    }

    @Test
    void remembersWhereContentIsWithoutACopy() throws Exception {
        assertThat(store.remember(kernel, ImageFormat.RAW)).isEqualTo(DIGEST);
        BaseImage there = new BaseImage(DIGEST, kernel.toRealPath(), ImageFormat.RAW, CONTENT.length(), true);
        assertThat(ImageStore.at(root).find(DIGEST)).contains(there);
        assertThat(store.verified(DIGEST, ImageFormat.RAW)).isEqualTo(there);
        assertThat(store.remembered()).containsExactly(there);
        assertThat(store.list()).isEmpty();
        assertThat(names()).isEmpty();
        assertThat(problemOf(() -> store.verified(DIGEST, ImageFormat.QCOW2))).isEqualTo(Problem.BASE_IMAGE_MISSING);

        store.add(kernel, ImageFormat.RAW);
        assertThat(store.verified(DIGEST).inPlace()).isFalse();
    }

    /** Its owner may change it at will; no guest is put on it then, and everyone who asks learns why, not only the first. */
    @Test
    void doesNotUseARememberedFileThatHasChangedOrGone() throws Exception {
        store.remember(kernel, ImageFormat.RAW);
        Files.writeString(kernel, CONTENT.replace('a', 'e'));
        for (int asked = 0; asked < 2; asked++) {
            IncompatibleException e = catchThrowableOfType(IncompatibleException.class, () -> store.verified(DIGEST));
            assertThat(e.problem()).isEqualTo(Problem.BASE_IMAGE_MISSING);
            assertThat(e).hasMessageContaining(kernel.toString()).hasMessageContaining("changed");
        }
        assertThat(store.intact(DIGEST)).isEmpty();

        Digest changed = store.remember(kernel, ImageFormat.RAW);
        Files.delete(kernel);
        assertThat(store.find(changed)).isEmpty();
        Files.createSymbolicLink(kernel, aged.resolve("1"));
        assertThat(store.find(changed)).isEmpty();
    }

    @Test
    void removingForgetsARememberedFileAndLeavesItWhereItIs() throws Exception {
        store.remember(kernel, ImageFormat.RAW);
        assertThat(store.remove(DIGEST)).isTrue();
        assertThat(store.find(DIGEST)).isEmpty();
        assertThat(kernel).hasContent(CONTENT);
    }

    @Test
    void remembersNothingByADamagedEntry() throws Exception {
        store.remember(kernel, ImageFormat.RAW);
        Path entry = root.resolve(".remembered/sha256-" + DIGEST.hex() + ".raw.json");
        for (String bad :
                List.of("", "{", "[]", "{}", "{\"path\":17}", "{\"path\":\"kernel\"}", "{\"path\":\"/\\u0000\"}")) {
            Files.writeString(entry, bad);
            assertThat(store.find(DIGEST)).as(bad).isEmpty();
        }
        store.remember(kernel, ImageFormat.RAW);
        assertThat(store.find(DIGEST)).isPresent();
    }

    @Test
    void remembersNoOverlay() {
        assertThat(problemOf(() -> store.remember(kernel, ImageFormat.QCOW2))).isEqualTo(Problem.IMAGE_MALFORMED);
    }

    @Test
    void forgetsWhatIsRemoved() throws Exception {
        store.add(kernel, ImageFormat.RAW);
        assertThat(store.remove(DIGEST)).isTrue();
        assertThat(store.remove(DIGEST)).isFalse();
        assertThat(store.find(DIGEST)).isEmpty();
        assertThat(notes()).isEmpty();
    }

    @Test
    void noticesDamage() throws Exception {
        store.add(kernel, ImageFormat.RAW);
        Path file = store.verified(DIGEST).path();
        FileTime modified = Files.getLastModifiedTime(file);
        Files.writeString(file, CONTENT.replace('a', 'e'));
        // As a careless copy would: the size and the time are the same, and only the inode tells.
        Files.setLastModifiedTime(file, modified);
        IntegrityException e = catchThrowableOfType(IntegrityException.class, () -> store.verified(DIGEST));
        assertThat(e.problem()).isEqualTo(Problem.BASE_IMAGE_DAMAGED);
        assertThat(e).hasMessageContaining(file.toString());
    }

    @Test
    void addingAgainMendsDamage() throws Exception {
        store.add(kernel, ImageFormat.RAW);
        Files.writeString(store.verified(DIGEST).path(), CONTENT.replace('a', 'e'));
        assertThat(store.add(kernel, ImageFormat.RAW)).isEqualTo(DIGEST);
        assertThat(store.verified(DIGEST).path()).hasContent(CONTENT);
    }

    @Test
    void refusesOverlaysAndWhatIsNoImage() throws Exception {
        assertThat(problemOf(() -> store.add(kernel, ImageFormat.QCOW2))).isEqualTo(Problem.IMAGE_MALFORMED);
        assertThat(problemOf(() -> store.add(directory, ImageFormat.RAW))).isEqualTo(Problem.FILE_FAILED);
        assertThat(problemOf(() -> store.add(directory.resolve("gone"), ImageFormat.RAW)))
                .isEqualTo(Problem.FILE_FAILED);
        assertThat(names()).isEmpty();
    }

    @Test
    void sweepsUpAbandonedCopies() throws Exception {
        Path old = Files.writeString(root.resolve(".adding-1"), "half");
        Path young = Files.writeString(root.resolve(".adding-2"), "half");
        Files.setLastModifiedTime(old, FileTime.from(Instant.now().minusSeconds(100_000)));
        store.add(kernel, ImageFormat.RAW);
        assertThat(old).doesNotExist();
        assertThat(young).exists();
        assertThat(store.list()).hasSize(1);
    }

    @Test
    void listsOnlyWhatIsItsOwn() throws Exception {
        Files.writeString(root.resolve("sha256-" + "ab".repeat(32) + ".txt"), "");
        Files.writeString(root.resolve("README"), "");
        Files.createSymbolicLink(root.resolve("sha256-" + "ab".repeat(32) + ".raw"), kernel);
        Files.createDirectory(root.resolve("sha256-" + "ab".repeat(32) + ".qcow2"));
        assertThat(store.list()).isEmpty();
        assertThat(store.find(ABSENT)).isEmpty();
    }

    @Test
    void remembersTheDigestsOfOtherFiles() throws Exception {
        kernel = aged.resolve("1");
        assertThat(store.digestOf(kernel)).isEqualTo(DIGEST);
        assertThat(notes()).hasSize(1);
        // What the note says is believed for as long as the file is as it was.
        Path note = notes().get(0);
        Files.writeString(note, Files.readString(note).replace(DIGEST.toString(), ABSENT.toString()));
        assertThat(store.digestOf(kernel)).isEqualTo(ABSENT);
        assertThat(ImageStore.at(root).digestOf(kernel)).isEqualTo(ABSENT);
        Files.writeString(kernel, "another");
        assertThat(store.digestOf(kernel)).isEqualTo(digest("another"));
    }

    /** Another change within the same tick of the clock would go unseen. */
    @Test
    void remembersNothingOfAFileThatHasJustChanged() throws Exception {
        Files.writeString(kernel, "just now");
        store.digestOf(kernel);
        assertThat(notes()).isEmpty();
    }

    @Test
    void rebuildsNotesThatAreSpoilt() throws Exception {
        kernel = aged.resolve("2");
        store.digestOf(kernel);
        Path note = notes().get(0);
        String good = Files.readString(note);
        for (String bad : List.of(
                "",
                "{",
                "[]",
                "null",
                "{}",
                "\0\0\0",
                good.substring(0, good.length() / 2),
                good.replace("sha256:", "md5:"),
                good.replace("\"sha256:" + DIGEST.hex() + "\"", "17"),
                good.replace(kernel.toString(), "other"),
                good.replace("{", "{\"deep\":" + "[".repeat(5000) + "]".repeat(5000) + ","),
                good.replace("{", "{\"long\":\"" + "x".repeat(20_000) + "\","))) {
            Files.writeString(note, bad);
            assertThat(store.digestOf(kernel)).as(bad).isEqualTo(DIGEST);
            assertThat(note).hasContent(good);
        }
    }

    @Test
    void worksWithoutNotes() throws Exception {
        Files.writeString(root.resolve(".digests"), "in the way");
        kernel = aged.resolve("3");
        assertThat(store.digestOf(kernel)).isEqualTo(DIGEST);
        store.add(kernel, ImageFormat.RAW);
        assertThat(store.verified(DIGEST).bytes()).isEqualTo(CONTENT.length());
    }

    @Test
    void keepsABoundedNumberOfNotes() throws Exception {
        Path directoryOfNotes = Files.createDirectory(root.resolve(".digests"));
        for (int i = 0; i < 1024; i++) {
            Path note = Files.writeString(directoryOfNotes.resolve(i + ".json"), "{}");
            Files.setLastModifiedTime(note, FileTime.fromMillis(i * 1000L));
        }
        kernel = aged.resolve("4");
        store.digestOf(kernel);
        assertThat(notes()).hasSize(513).contains(directoryOfNotes.resolve("1023.json"));
    }

    @Test
    void digestsOnlyFiles() {
        assertThatThrownBy(() -> store.digestOf(directory)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> store.digestOf(directory.resolve("gone"))).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void isUsedByManyAtOnce() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            List<Future<Digest>> added = new ArrayList<>();
            for (int i = 0; i < 64; i++) {
                ImageStore mine = ImageStore.at(root);
                added.add(threads.submit(() -> {
                    Digest digest = mine.add(kernel, ImageFormat.RAW);
                    assertThat(mine.verified(digest).path()).hasContent(CONTENT);
                    assertThat(mine.digestOf(kernel)).isEqualTo(digest);
                    return digest;
                }));
            }
            for (Future<Digest> digest : added) {
                assertThat(digest.get()).isEqualTo(DIGEST);
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(names()).hasSize(1);
    }

    private List<Path> notes() throws IOException {
        Path notes = root.resolve(".digests");
        if (!Files.isDirectory(notes)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(notes)) {
            return entries.toList();
        }
    }

    private List<Path> names() throws IOException {
        try (Stream<Path> entries = Files.list(root)) {
            return entries.filter(entry -> !List.of(".digests", "references", ".remembered")
                            .contains(entry.getFileName().toString()))
                    .toList();
        }
    }

    private static Object inode(Path file) throws IOException {
        return Files.getAttribute(file, "unix:ino");
    }

    private static Digest digest(String content) {
        return Digest.of(content.getBytes());
    }

    private interface Call {
        void run() throws Exception;
    }

    private static Problem problemOf(Call call) {
        VmmigException e = catchThrowableOfType(VmmigException.class, call::run);
        assertThat(e).isNotNull();
        return e.problem();
    }
}
