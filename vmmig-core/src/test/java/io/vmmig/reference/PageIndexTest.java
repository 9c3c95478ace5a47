// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.page.PageHash;
import io.vmmig.page.PageSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PageIndexTest {
    private static final String CONTENT = "sha256:abc raw";
    private static final String TEMPORARY = ".building-";
    private static final long NONE = -1;

    @TempDir
    private Path directory;

    private Path path;

    @BeforeEach
    void name() {
        path = directory.resolve("index");
    }

    private interface Filling {
        void into(PageIndexBuilder index) throws IOException;
    }

    private PageIndex build(long pages, Filling filling) throws IOException {
        try (PageIndexBuilder index = PageIndexBuilder.begin(path, TEMPORARY, CONTENT, pages)) {
            filling.into(index);
            index.finish();
        }
        return PageIndex.open(path, CONTENT, pages);
    }

    /** An index of pages that are all different, with gaps. */
    private PageIndex everyThird(long pages) throws IOException {
        return build(pages, index -> {
            for (long page = 0; page < pages; page += 3) {
                index.add(TestPages.page(page), 0, page);
            }
        });
    }

    @Test
    void findsWhatWasAddedAndNothingElse() throws Exception {
        PageIndex index = everyThird(30_000);
        for (long page = 0; page < 30_000; page++) {
            assertThat(index.find(TestPages.hash(page), NONE)).isEqualTo(page % 3 == 0 ? page : NONE);
        }
        assertThat(index.isIntact()).isTrue();
    }

    @Test
    void findsInAnEmptyOneNothing() throws Exception {
        assertThat(build(0, index -> {}).find(TestPages.hash(1), 0)).isEqualTo(NONE);
        assertThat(build(7, index -> {}).find(TestPages.hash(1), 0)).isEqualTo(NONE);
    }

    @Test
    void leavesOutPagesOfOneRepeatedByte() throws Exception {
        byte[] zeros = new byte[PageSource.PAGE_BYTES];
        byte[] ones = new byte[PageSource.PAGE_BYTES];
        java.util.Arrays.fill(ones, (byte) 1);
        byte[] almost = ones.clone();
        almost[4095] = 2;
        PageIndex index = build(3, builder -> {
            builder.add(zeros, 0, 0);
            builder.add(ones, 0, 1);
            builder.add(almost, 0, 2);
        });
        assertThat(index.find(PageHash.of(zeros, 0), 0)).isEqualTo(NONE);
        assertThat(index.find(PageHash.of(ones, 0), 1)).isEqualTo(NONE);
        assertThat(index.find(PageHash.of(almost, 0), NONE)).isEqualTo(2);
    }

    @Test
    void prefersThePageThatIsNear() throws Exception {
        PageIndex index = build(100, builder -> {
            for (long page = 0; page < 100; page++) {
                builder.add(TestPages.page(page % 10), 0, page);
            }
        });
        assertThat(index.find(TestPages.hash(4), NONE)).isEqualTo(4);
        assertThat(index.find(TestPages.hash(4), 54)).isEqualTo(54);
        assertThat(index.find(TestPages.hash(4), 55)).isEqualTo(4);
        assertThat(index.find(TestPages.hash(4), 100)).isEqualTo(4);
        assertThat(index.find(TestPages.hash(4), Long.MAX_VALUE)).isEqualTo(4);
        assertThat(index.find(TestPages.hash(4), Long.MIN_VALUE)).isEqualTo(4);
    }

    @Test
    void takesPagesInAnyOrderAndMoreThanOnce() throws Exception {
        long pages = 40_000;
        PageIndex index = build(pages, builder -> {
            for (long page : new Random(1).longs(2000, 0, pages).toArray()) {
                builder.add(7, page);
            }
            for (long page = pages - 1; page >= 0; page -= 97) {
                builder.add(TestPages.hash(page), page);
            }
        });
        for (long page = pages - 1; page >= 0; page -= 97) {
            assertThat(index.find(TestPages.hash(page), NONE)).isEqualTo(page);
        }
    }

    @Test
    void refusesPagesThatAreNotThere() throws Exception {
        for (long page : new long[] {-1, 10, Long.MAX_VALUE}) {
            assertThatThrownBy(() -> build(10, index -> index.add(1, page)))
                    .isInstanceOf(IndexOutOfBoundsException.class);
        }
        assertThat(names()).isEmpty();
    }

    @Test
    void isForItsOwnerOnlyAndLeavesNothingBeside() throws Exception {
        everyThird(10);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                .isEqualTo("rw-------");
        assertThat(names()).containsExactly("index");
    }

    @Test
    void isNotThereBeforeItIsFinished() throws Exception {
        try (PageIndexBuilder index = PageIndexBuilder.begin(path, TEMPORARY, CONTENT, 10)) {
            index.add(1, 1);
            assertThat(path).doesNotExist();
        }
        assertThat(names()).isEmpty();
        assertThatThrownBy(() -> PageIndex.open(path, CONTENT, 10)).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void isOpenedForItsOwnContentOnly() throws Exception {
        everyThird(10);
        assertThatThrownBy(() -> PageIndex.open(path, CONTENT + "x", 10)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> PageIndex.open(path, CONTENT, 9)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> PageIndex.open(path, CONTENT, 11)).isInstanceOf(IOException.class);
    }

    @Test
    void findsNothingOnceItIsClosed() throws Exception {
        PageIndex index = everyThird(10);
        index.close();
        assertThat(index.find(TestPages.hash(3), NONE)).isEqualTo(NONE);
    }

    /** Millions of equal hashes, and of hashes that differ but want the same place. Without a bound the looks would take many minutes. */
    @ParameterizedTest
    @ValueSource(longs = {0, 1, 1 << 20})
    @Timeout(value = 3, unit = TimeUnit.MINUTES)
    void floodsOfTheSameHashMakeNothingSlow(long step) throws Exception {
        long pages = 1 << 20;
        PageIndex index = build(pages, builder -> {
            for (long page = 0; page < pages; page++) {
                builder.add(0x123456789abcdefL + page * step, page);
            }
        });
        for (long page = 0; page < pages; page++) {
            index.find(0x123456789abcdefL + page * step, NONE);
        }
        assertThat(index.find(0x123456789abcdefL, NONE)).isZero();
        assertThat(index.find(0x123456789abcdefL + (pages - 1) * step, pages - 1))
                .isEqualTo(pages - 1);
        assertThat(index.damaged()).isFalse();
    }

    @Test
    void everyDamagedByteIsNoticed() throws Exception {
        long pages = 600;
        everyThird(pages);
        byte[] intact = Files.readAllBytes(path);
        for (int at = 0; at < intact.length; at += at < 200 ? 1 : 61) {
            byte[] damaged = intact.clone();
            damaged[at] ^= 1 << at % 8;
            Files.write(path, damaged);
            assertThat(isNoticed(pages)).as("byte %d of %d", at, intact.length).isTrue();
        }
    }

    private boolean isNoticed(long pages) {
        try {
            return !PageIndex.open(path, CONTENT, pages).isIntact();
        } catch (IOException e) {
            return true;
        }
    }

    @Test
    void aTruncatedOneIsNoticed() throws Exception {
        everyThird(600);
        byte[] intact = Files.readAllBytes(path);
        for (int length : new int[] {0, 1, 4095, 4096, intact.length - 4096, intact.length - 1}) {
            Files.write(path, java.util.Arrays.copyOf(intact, length));
            assertThatThrownBy(() -> PageIndex.open(path, CONTENT, 600)).isInstanceOf(IOException.class);
        }
        Files.write(path, java.util.Arrays.copyOf(intact, intact.length + 1));
        assertThatThrownBy(() -> PageIndex.open(path, CONTENT, 600)).isInstanceOf(IOException.class);
    }

    @Test
    void damageIsNoticedByLookingThings() throws Exception {
        everyThird(30_000);
        byte[] bytes = Files.readAllBytes(path);
        bytes[bytes.length / 2] ^= 1;
        Files.write(path, bytes);
        PageIndex index = PageIndex.open(path, CONTENT, 30_000);
        for (long page = 0; page < 30_000 && !index.damaged(); page++) {
            long found = index.find(TestPages.hash(page), page);
            assertThat(found).isIn(page, NONE);
        }
        assertThat(index.damaged()).isTrue();
        assertThat(index.find(TestPages.hash(0), 0)).isEqualTo(NONE);
    }

    @Test
    void manyThreadsLookAtOnce() throws Exception {
        PageIndex index = everyThird(30_000);
        long[] hashes = new long[30_000];
        for (int page = 0; page < hashes.length; page++) {
            hashes[page] = TestPages.hash(page);
        }
        long right = Stream.iterate(0, thread -> thread + 1)
                .limit(8)
                .parallel()
                .mapToLong(thread -> new Random(thread)
                        .ints(100_000, 0, hashes.length)
                        .filter(page -> index.find(hashes[page], NONE) == (page % 3 == 0 ? page : NONE))
                        .count())
                .sum();
        assertThat(right).isEqualTo(800_000);
    }

    private java.util.List<String> names() throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.map(entry -> entry.getFileName().toString()).toList();
        }
    }
}
