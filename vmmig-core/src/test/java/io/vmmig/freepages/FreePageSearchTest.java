// SPDX-License-Identifier: Apache-2.0
package io.vmmig.freepages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class FreePageSearchTest {
    private static final int FRAMES = FakeKernel.BYTES >> 12;

    private static FreePageSearch begin(FakeKernel kernel) throws Doubt {
        FreePageSearch search = FreePageSearch.find(kernel, kernel.layout(), kernel.architecture());
        search.awaitTick();
        return search;
    }

    private static FreePages find(FakeKernel kernel) {
        try {
            return begin(kernel).finish();
        } catch (Doubt e) {
            return FreePages.unknown(e.because());
        }
    }

    private static BitSet frames(FreePages pages) {
        BitSet frames = new BitSet();
        for (int frame = 0; frame < FRAMES; frame++) {
            long at = (long) frame << 12;
            frames.set(frame, pages.isFree("pc.ram", at) || pages.isFree("mach-virt.ram", at));
        }
        return frames;
    }

    private static BitSet expected() {
        BitSet expected = new BitSet();
        expected.set(16, 32);
        expected.set(0x1800, 0x1e00);
        expected.set(0x1e40);
        expected.set(0x1e42);
        expected.set(0x1e44, 0x1e46);
        expected.set(0x1e48);
        return expected;
    }

    @Test
    void whatTheAllocatorMarksIsFree() {
        FreePages pages = find(FakeKernel.withFreeBlocks());

        assertThat(pages.reason()).isEmpty();
        assertThat(frames(pages)).isEqualTo(expected());
        assertThat(pages.count()).isEqualTo(expected().cardinality());
        assertThat(pages.isFree("pc.ram", 1L << 40)).isFalse();
        assertThat(pages.isFree("pc.bios", 16 << 12)).isFalse();
    }

    @Test
    void whatTheAllocatorMarksIsFreeOnAarch64() {
        FreePages pages = find(FakeKernel.aarch64WithFreeBlocks());

        assertThat(pages.reason()).isEmpty();
        assertThat(frames(pages)).isEqualTo(expected());
    }

    /** Any program can put a page into the guest's memory that begins as a kernel's description of itself does. */
    @ParameterizedTest
    @ValueSource(ints = {1, 8, 0xf7f9, 0xf7ff})
    void aDescriptionWithACrookedAddressDoesNotHideTheRealOne(int crooked) {
        FakeKernel kernel = FakeKernel.aarch64WithFreeBlocks();
        String offset = kernel.info.get("NUMBER(kimage_voffset)");
        kernel.info.put(
                "NUMBER(kimage_voffset)",
                "0x" + Long.toHexString(Long.parseUnsignedLong(offset.substring(2), 16) - crooked));
        kernel.writeInfo(0x300000);
        kernel.info.put("NUMBER(kimage_voffset)", offset);

        FreePages pages = find(kernel);

        assertThat(pages.reason()).isEmpty();
        assertThat(frames(pages)).isEqualTo(expected());
    }

    @Test
    void aCrookedAddressIsAReasonToSendAll() {
        FakeKernel kernel = FakeKernel.aarch64WithFreeBlocks();
        kernel.info.put("SYMBOL(swapper_pg_dir)", Long.toHexString(FakeKernel.AARCH64_IMAGE_VIRTUAL + 0xffff));
        kernel.writeInfo();

        assertThat(find(kernel).reason()).hasValue("its kernel's page tables are not where they should be");
    }

    @Test
    void nothingIsFreeInAGuestThatUsesAll() {
        FreePages pages = find(new FakeKernel());

        assertThat(pages.reason()).isEmpty();
        assertThat(pages.count()).isZero();
    }

    /** An unsigned number, as kernels since 6.11 print it. */
    @Test
    void theMarkMayBeUnsigned() {
        FakeKernel kernel = FakeKernel.withFreeBlocks();
        for (int frame = 0; frame < FRAMES; frame++) {
            int at = FakeKernel.struct(frame) + FakeKernel.MAPCOUNT;
            if ((int) kernel.getLong(at) == FakeKernel.BUDDY) {
                kernel.setInt(at, 0xf0000000);
            }
        }
        kernel.info.put("NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)", "4026531840");
        kernel.writeInfo();

        FreePages pages = find(kernel);

        assertThat(pages.reason()).isEmpty();
        assertThat(pages.count()).isEqualTo(find(FakeKernel.withFreeBlocks()).count());
    }

    private static Arguments broken(String what, String reason, Consumer<FakeKernel> change) {
        return Arguments.of(what, reason, change);
    }

    private static Consumer<FakeKernel> field(String name, String value) {
        return kernel -> {
            kernel.info.put(name, value);
            kernel.writeInfo();
        };
    }

    private static final String CONTRADICTION = "its kernel's free lists are inconsistent, as they are during a change";
    private static final String CANNOT_BE = "its kernel has an impossible free block of pages";
    private static final String NO_KERNEL = "no Linux kernel that describes itself was found in it";

    static Stream<Arguments> broken() {
        int block = FakeKernel.struct(0x1e44);
        return Stream.of(
                broken(
                        "an order beyond the last",
                        "its kernel has a free block of pages that is too large",
                        k -> k.setLong(block + FakeKernel.PRIVATE, 11)),
                broken(
                        "a negative order",
                        "its kernel has a free block of pages that is too large",
                        k -> k.setLong(block + FakeKernel.PRIVATE, -1)),
                broken(
                        "a block that is not aligned",
                        CANNOT_BE,
                        k -> k.setLong(FakeKernel.struct(0x1e42) + FakeKernel.PRIVATE, 2)),
                broken("a block within another", CANNOT_BE, k -> {
                    k.free(0x1801, 0, 0);
                    k.link();
                }),
                broken("a block beyond the end", CANNOT_BE, k -> {
                    k.free(0x98, 3, 0);
                    k.free(0x80, 5, 0);
                    k.link();
                    k.setLong(FakeKernel.struct(0x80) + FakeKernel.PRIVATE, 7);
                }),
                broken("a block that is in use", CANNOT_BE, k -> k.setInt(block + FakeKernel.REFCOUNT, 1)),
                broken(
                        "a block of another size than its list's",
                        CONTRADICTION,
                        k -> k.setLong(block + FakeKernel.PRIVATE, 0)),
                broken("a block in no list", CONTRADICTION, k -> {
                    k.free(0x1e80, 0, 0);
                    k.setLong(FakeKernel.struct(0x1e80) + FakeKernel.LRU, k.getLong(block + FakeKernel.LRU));
                    k.setLong(FakeKernel.struct(0x1e80) + FakeKernel.LRU + 8, k.getLong(block + FakeKernel.LRU + 8));
                }),
                broken("a block in a ring of its own", CONTRADICTION, k -> {
                    k.free(0x1e80, 0, 0);
                    long self = FakeKernel.MEMMAP_VIRTUAL + 0x1e80 * FakeKernel.STRUCT + FakeKernel.LRU;
                    k.setLong(FakeKernel.struct(0x1e80) + FakeKernel.LRU, self);
                    k.setLong(FakeKernel.struct(0x1e80) + FakeKernel.LRU + 8, self);
                }),
                broken(
                        "a listed block without its mark",
                        CONTRADICTION,
                        k -> k.setInt(FakeKernel.struct(0x1e42) + FakeKernel.MAPCOUNT, -1)),
                broken(
                        "a list that leads elsewhere",
                        CONTRADICTION,
                        k -> k.setLong(block + FakeKernel.LRU, FakeKernel.DIRECT + 0x800000)),
                broken(
                        "a list that leads out of the kernel",
                        CONTRADICTION,
                        k -> k.setLong(block + FakeKernel.LRU, 0x800000)),
                broken(
                        "a ring that is cut short",
                        CONTRADICTION,
                        k -> k.setLong(
                                FakeKernel.struct(0x1e42) + FakeKernel.LRU,
                                k.getLong(FakeKernel.struct(0x1e48) + FakeKernel.LRU))),
                broken(
                        "a wrong number of blocks",
                        CONTRADICTION,
                        k -> k.setLong(FakeKernel.count(0), k.getLong(FakeKernel.count(0)) + 1)),
                broken(
                        "a section of an unknown kind",
                        "its kernel marks memory sections in an unknown way",
                        k -> k.setLong(FakeKernel.SECTIONS, FakeKernel.MEMMAP_VIRTUAL | 0x80f)),
                broken(
                        "a section whose pages are nowhere",
                        "its kernel's data has a pointer to unmapped memory",
                        k -> k.setLong(FakeKernel.SECTIONS, FakeKernel.MEMMAP_VIRTUAL + (1L << 30) | 0xf)),
                broken(
                        "a section that is no pointer",
                        "its kernel's data has an invalid pointer",
                        k -> k.setLong(FakeKernel.SECTIONS, 0x123400f)),
                broken(
                        "sections out of memory",
                        NO_KERNEL,
                        k -> k.setLong(FakeKernel.DIRECT_TABLE + (FakeKernel.SECTIONS >> 21) * 8, 1L << 40 | 0xe3)),
                broken(
                        "struct pages out of memory",
                        "its kernel's page structs are not in its RAM",
                        k -> k.setLong(FakeKernel.MEMMAP_TABLE, 1L << 40 | 0xe3)),
                broken(
                        "a page table that is its own",
                        "its kernel's data has a pointer to unmapped memory",
                        k -> k.setLong(FakeKernel.MEMMAP_TABLE, FakeKernel.MEMMAP_TABLE | 0x63)),
                broken("no tables to start processors with", NO_KERNEL, k -> k.setLong(FakeKernel.START_TABLES, 0)),
                broken(
                        "tables that lead out of memory",
                        NO_KERNEL,
                        k -> k.setLong(FakeKernel.START_TABLES + 511 * 8, 1L << 40 | 0x63)),
                broken("another text", NO_KERNEL, k -> k.setLong(FakeKernel.INFO, 0)),
                broken("no pointer to the text", NO_KERNEL, k -> k.setLong(FakeKernel.VARIABLES + 16, 0)),
                broken(
                        "tables elsewhere",
                        "its kernel's page tables are not where they should be",
                        field("NUMBER(phys_base)", "4096")),
                broken("a second description", "two kernels describe themselves in it", k -> {
                    int other = 0x900000;
                    k.setLong(FakeKernel.VARIABLES + 0x80, FakeKernel.DIRECT + other);
                    k.setLong(FakeKernel.VARIABLES + 0x88, 2000);
                    k.setLong(FakeKernel.VARIABLES + 0x90, FakeKernel.DIRECT + other);
                    for (int at = 0; at < 4096; at += 8) {
                        k.setLong(other + at, k.getLong(FakeKernel.INFO + at));
                    }
                    k.flip(other + 10, 0);
                }),
                broken("encryption", "its memory is encrypted", field("NUMBER(sme_mask)", "140737488355328")),
                broken(
                        "a struct page of an odd size",
                        "its kernel has a struct page of 56 bytes",
                        field("SIZE(page)", "56")),
                broken(
                        "a negative offset",
                        "its kernel gives an impossible OFFSET(page.lru)",
                        field("OFFSET(page.lru)", "-8")),
                broken(
                        "a member outside",
                        "its kernel, Linux 6.1.0-fake, marks free pages in an unknown way",
                        field("OFFSET(page.private)", "64")),
                broken("no number", "its kernel gives a malformed SIZE(page)", field("SIZE(page)", "many")),
                broken(
                        "no address",
                        "its kernel gives a malformed SYMBOL(mem_section)",
                        field("SYMBOL(mem_section)", "ffffx")),
                broken(
                        "a missing field",
                        "its kernel, Linux 6.1.0-fake, does not give NUMBER(SECTION_SIZE_BITS)",
                        k -> {
                            k.info.remove("NUMBER(SECTION_SIZE_BITS)");
                            k.writeInfo();
                        }),
                broken(
                        "sections in one step",
                        "its kernel keeps no table of memory sections in two steps",
                        field("LENGTH(mem_section)", "524288")),
                broken(
                        "another kind of list",
                        "its kernel, Linux 6.1.0-fake, keeps free pages in an unknown way",
                        field("SIZE(free_area)", "96")),
                broken(
                        "a clock that stands still",
                        "its kernel does not count the time, and may be dead",
                        FakeKernel::stop),
                broken(
                        "more pointers than any kernel has",
                        "its kernel has more pointers to pages than any known one",
                        k -> {
                            for (int i = 0; i < 1 << 17; i++) {
                                k.setLong(FakeKernel.IMAGE + 0x40000 + i * 8, FakeKernel.DIRECT + ((long) i << 12));
                            }
                        }),
                broken(
                        "memory that cannot be read",
                        "its memory could not be read: it is broken",
                        k -> k.before(() -> {
                            throw VmmigException.of(Problem.HYPERVISOR_FAILED, "it is broken", "");
                        })));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("broken")
    void whatDoesNotFitIsAReasonToSendAll(String what, String reason, Consumer<FakeKernel> change) {
        FakeKernel kernel = FakeKernel.withFreeBlocks();
        change.accept(kernel);

        FreePages pages = find(kernel);

        assertThat(pages.reason()).hasValue(reason);
        assertThat(frames(pages).isEmpty()).isTrue();
    }

    @Test
    void aKernelThatChangesBetweenTheStepsIsNotTrusted() throws Doubt {
        FakeKernel kernel = FakeKernel.withFreeBlocks();
        FreePageSearch search = begin(kernel);
        field("OSRELEASE", "6.1.0-other").accept(kernel);

        assertThat(search.finish().reason()).hasValue("its kernel has changed since the search");
    }

    @Test
    void whatChangesBetweenTheStepsIsReadInTheSecond() throws Doubt {
        FakeKernel kernel = FakeKernel.withFreeBlocks();
        FreePageSearch search = begin(kernel);
        kernel.free(0x1f00, 8, 3);
        kernel.link();

        FreePages pages = search.finish();

        assertThat(pages.reason()).isEmpty();
        assertThat(frames(pages).get(0x1f00, 0x2000).cardinality()).isEqualTo(256);
    }

    static Stream<Arguments> kernels() {
        return Stream.of(
                Arguments.of("x86_64", (Supplier<FakeKernel>) FakeKernel::withFreeBlocks),
                Arguments.of("aarch64", (Supplier<FakeKernel>) FakeKernel::aarch64WithFreeBlocks));
    }

    /** Whatever is in memory, the answer is a reason or the truth. */
    @Tag("once")
    @ParameterizedTest(name = "{0}")
    @MethodSource("kernels")
    void flippedBits(String architecture, Supplier<FakeKernel> made) throws Doubt {
        BitSet truth = expected();
        int[] reasons = new int[2];
        for (int seed = 0; seed < 600; seed++) {
            Random random = new Random(seed);
            FakeKernel kernel = made.get();
            List<Integer> used = places(kernel);
            FreePageSearch search = seed % 2 == 0 ? begin(kernel) : null;
            for (int i = 1 + random.nextInt(4); i > 0; i--) {
                kernel.flip(used.get(random.nextInt(used.size())), random.nextInt(8));
            }

            FreePages pages = search == null ? find(kernel) : search.finish();

            BitSet wrong = frames(pages);
            wrong.andNot(truth);
            assertThat(wrong.isEmpty()).as("seed " + seed).isTrue();
            reasons[pages.reason().isPresent() ? 1 : 0]++;
        }
        assertThat(reasons[0]).isPositive();
        assertThat(reasons[1]).isPositive();
    }

    /** Where something is that is looked at; the clock is left alone, because waiting for it takes time. */
    private static List<Integer> places(FakeKernel kernel) {
        List<Integer> used = new ArrayList<>();
        for (int page : new int[] {
            FakeKernel.START_TABLES,
            FakeKernel.SWAPPER,
            FakeKernel.IMAGE_UPPER,
            FakeKernel.IMAGE_TABLE,
            FakeKernel.VARIABLES,
            FakeKernel.INFO,
            FakeKernel.SECTION_ROOTS,
            FakeKernel.SECTIONS,
            FakeKernel.ZONE,
            FakeKernel.DIRECT_UPPER,
            FakeKernel.DIRECT_TABLE,
            FakeKernel.MEMMAP_UPPER,
            FakeKernel.MEMMAP_TABLE,
            FakeKernel.struct(0x1e40),
            FakeKernel.struct(0x1800)
        }) {
            for (int at = page; at < page + 4096; at++) {
                if (kernel.get(at) != 0) {
                    used.add(at);
                }
            }
        }
        return used;
    }

    /** What programs in an aarch64 guest can write: any number where the kernel gives one of its own. */
    @Tag("once")
    @Test
    void madeUpNumbers() {
        int doubts = 0;
        for (int seed = 0; seed < 700; seed++) {
            Random random = new Random(seed);
            FakeKernel kernel = FakeKernel.aarch64WithFreeBlocks();
            List<String> fields = new ArrayList<>(kernel.info.keySet());
            Collections.shuffle(fields, random);
            for (String field : fields.subList(0, 1 + random.nextInt(3))) {
                kernel.info.put(field, madeUp(kernel.info.get(field), random));
            }
            kernel.writeInfo();

            FreePages pages = find(kernel);

            BitSet wrong = frames(pages);
            wrong.andNot(expected());
            assertThat(wrong.isEmpty()).as("seed " + seed).isTrue();
            doubts += pages.reason().isPresent() ? 1 : 0;
        }
        assertThat(doubts).isBetween(350, 699);
    }

    private static String madeUp(String value, Random random) {
        boolean hexadecimal = value.length() > 11;
        long number = random.nextLong() >> random.nextInt(Long.SIZE);
        if (random.nextBoolean() && hexadecimal) {
            // Near the right one.
            number = Long.parseUnsignedLong(value.replace("0x", ""), 16) + random.nextInt(1 << 16) - (1 << 15);
        }
        return hexadecimal ? Long.toHexString(number) : Long.toString(number);
    }

    @Test
    void whatNobodyHasThoughtOfIsAReasonToSendAll() throws Exception {
        FakeKernel kernel = FakeKernel.withFreeBlocks();
        FakeGuest guest = new FakeGuest(Optional.of(kernel));
        FreePageSearch search = FreePageSearch.begin(guest, FakeGuest.domain(""));
        FreePageSearch other = FreePageSearch.begin(guest, FakeGuest.domain(""));
        search.awaitTick();
        kernel.before(() -> {
            throw new IllegalStateException("a bug");
        });

        assertThat(search.finish().reason())
                .hasValue("looking for them failed: java.lang.IllegalStateException: a bug");
        other.awaitTick();
        assertThat(other.finish().reason()).isEqualTo(search.finish().reason());
        assertThat(FreePageSearch.begin(guest, FakeGuest.domain("")).finish().reason())
                .isEqualTo(search.finish().reason());
    }

    @Test
    void aSmallHeapIsAReasonToSendAll() throws Exception {
        FakeKernel kernel = FakeKernel.withFreeBlocks();
        kernel.before(() -> {
            throw new OutOfMemoryError("Java heap space");
        });

        assertThat(FreePageSearch.begin(new FakeGuest(Optional.of(kernel)), FakeGuest.domain(""))
                        .finish()
                        .reason())
                .hasValue("this program has too little memory left to look for them");
    }

    /** What is known already costs no read, so a guest could keep us busy with it for ever. */
    @Test
    void timeRunsOutAlsoWhereNothingIsRead() throws Exception {
        FakeKernel kernel = new FakeKernel();
        GuestRam ram = new GuestRam(kernel, kernel.layout(), Duration.ofMillis(300));
        long read = ram.number(FakeKernel.INFO);
        while (!ram.timeIsUp()) {
            Thread.onSpinWait();
        }

        assertThat(read).isNotZero();
        assertThatThrownBy(() -> ram.number(FakeKernel.INFO)).hasMessage("reading its memory took too long");
    }

    @Test
    void aSearchThatFoundNothingAnswersWithItsReason() throws Exception {
        FakeGuest guest = new FakeGuest(Optional.empty());

        assertThat(FreePageSearch.begin(guest, FakeGuest.domain("")).finish().reason())
                .hasValue("this hypervisor does not show a guest's memory");
    }

    @Test
    void aPausedGuestIsNotAsked() throws Exception {
        FakeGuest guest = new FakeGuest(Optional.of(FakeKernel.withFreeBlocks()));
        guest.pause();

        assertThat(FreePageSearch.begin(guest, FakeGuest.domain("")).finish().reason())
                .hasValue("it does not run, so its kernel cannot be verified");
    }

    @Test
    void aGuestIsAsked() throws Exception {
        FakeGuest guest = new FakeGuest(Optional.of(FakeKernel.withFreeBlocks()));

        FreePageSearch search = FreePageSearch.begin(guest, FakeGuest.domain(""));
        search.awaitTick();
        assertThat(search.finish().count()).isPositive();
        assertThat(FreePageSearch.begin(
                                guest, FakeGuest.domain("<cpu><numa><cell id='0' cpus='0' memory='32'/></numa></cpu>"))
                        .finish()
                        .reason())
                .hasValue("the domain has NUMA nodes");
    }
}
