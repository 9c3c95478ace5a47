// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.domain.DomainXml;
import io.vmmig.freepages.FreePageSearch;
import io.vmmig.freepages.FreePages;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.RestoreRequest;
import io.vmmig.hypervisor.RestoredGuest;
import io.vmmig.hypervisor.RestoringGuest;
import io.vmmig.hypervisor.SavedGuest;
import io.vmmig.libvirt.binding.Connection;
import io.vmmig.qemu.RamScanner;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What real kernels count as free, and whether they really never ask for it. */
@Tag("slow")
class FreePagesIT {
    private static final String HOST = "free";
    private static final int PAGE_BYTES = RamScanner.PAGE_BYTES;
    private static final int MIB = 1 << 20;
    /** More of them take half a minute each. */
    private static final int GARBAGE_ROUNDS = Integer.getInteger("vmmig.garbageRounds", 1);

    private static final Duration QUICK = Duration.ofSeconds(1);

    private static LibvirtHypervisor hypervisor;
    private static Connection connection;
    private Path scratch;

    @BeforeAll
    static void bringUpAHost() throws Exception {
        String uri = Lab.run("host", "up", HOST);
        connection = Connection.open(uri);
        hypervisor = LibvirtHypervisor.connect(uri);
    }

    @AfterAll
    static void bringItDown() throws Exception {
        if (hypervisor != null) {
            hypervisor.close();
            connection.close();
        }
        Lab.run("host", "down", HOST);
    }

    @BeforeEach
    void makeScratch() throws Exception {
        scratch = Files.createTempDirectory(Path.of("/tmp"), "vmmig-it");
    }

    @AfterEach
    void removeScratch() throws Exception {
        Lab.delete(scratch);
    }

    private static FreePageSearch begin(Guest guest) throws Exception {
        FreePageSearch search = FreePageSearch.begin(guest, DomainXml.parse(guest.domainXml()));
        search.awaitTick();
        return search;
    }

    private LabGuest boot(LabGuest.Kind kind) throws Exception {
        return LabGuest.boot(connection, "it-guest", kind, memoryMib(kind), 8, false);
    }

    private static int memoryMib(LabGuest.Kind kind) {
        return kind == LabGuest.Kind.DEBIAN ? 512 : 256;
    }

    /** If a page that is left out were ever asked for again, this is where it would show. */
    @ParameterizedTest
    @EnumSource
    void aGuestTellsWhatIsFreeAndLivesOnWithGarbageInIt(LabGuest.Kind kind) throws Exception {
        try (LabGuest lab = boot(kind)) {
            tellsWhatIsFree(lab, kind);
            Random random = new Random(kind.ordinal());
            for (int round = 0; round < GARBAGE_ROUNDS; round++) {
                goThroughGarbage(lab, 1, random);
            }
        }
    }

    private static void tellsWhatIsFree(LabGuest lab, LabGuest.Kind kind) throws Exception {
        Guest guest = hypervisor.guest(lab.name);
        FreePages pages = FreePages.unknown("");
        Duration took = Duration.ofDays(1);
        // Whatever else the machine does makes it slow, and nothing makes it fast: the best of a few counts.
        for (int round = 0; round < 5 && took.compareTo(QUICK) > 0; round++) {
            try (FreePageSearch search = begin(guest);
                    SavedGuest saved = guest.save()) {
                pages = search.finish();
                CountedStream stream = new CountedStream(saved.memory());
                long stripped = pages.strip(stream).transferTo(OutputStream.nullOutputStream());
                assertThat(stream.bytes() - stripped).isEqualTo(pages.leftOut() * (PAGE_BYTES - 1));
            }
            assertThat(pages.reason()).isEmpty();
            took = pages.took();
            lab.awaitTicking();
        }

        long all = memoryMib(kind) * 256L;
        // 32 MiB are filled, and a kernel takes its part.
        assertThat(pages.count()).isBetween(all / 4, all - 32 * 256);
        assertThat(took).isLessThan(QUICK);
    }

    /** The hole below 4 GiB is in another place for larger guests. */
    @Test
    void aGuestWithRamOnBothSidesOfTheHole() throws Exception {
        try (LabGuest lab = LabGuest.boot(connection, "it-guest", 3 << 10, 8, false)) {
            // All of it would be gigabytes.
            goThroughGarbage(lab, 8, new Random(1));
        }
    }

    private void goThroughGarbage(LabGuest lab, int oneIn, Random random) throws Exception {
        assertThat(lab.ask("fill 8")).isEqualTo("filled 8");
        String sum = lab.ask("sum");
        Path image = scratch.resolve("image");
        RestoreRequest request = null;
        // On a machine that is busy just then it would take too long to find them.
        for (int tries = 0; request == null && tries < 5; tries++) {
            request = saveWithGarbage(lab, oneIn, random, image, tries == 4);
        }
        try (RestoringGuest restoring = hypervisor.restore(request)) {
            Files.copy(image, restoring.memory());
            try (RestoredGuest restored = restoring.finish()) {
                restored.resume();
            }
        }

        lab.awaitTicking();
        assertThat(lab.ask("sum")).isEqualTo(sum);
        // It gets pages of garbage for that.
        assertThat(lab.ask("fill 8")).isEqualTo("filled 8");
        assertThat(lab.ask("records")).contains(" ok").doesNotContain("broken");
        assertThat(lab.complaints()).isEmpty();
    }

    private static @Nullable RestoreRequest saveWithGarbage(
            LabGuest lab, int oneIn, Random random, Path image, boolean lastTry) throws Exception {
        Guest guest = hypervisor.guest(lab.name);
        try (FreePageSearch search = begin(guest);
                SavedGuest saved = guest.save()) {
            FreePages pages = search.finish();
            if (pages.reason().isPresent() && !lastTry) {
                saved.resume();
                lab.awaitTicking();
                return null;
            }
            assertThat(pages.reason()).isEmpty();
            RestoreRequest request = new RestoreRequest(saved.domainXml(), saved.cookie(), false);
            try (OutputStream out = Files.newOutputStream(image)) {
                assertThat(new Garbage(pages, oneIn, random).copy(saved.memory(), out))
                        .isEqualTo(pages.count());
            }
            saved.retire();
            return request;
        }
    }

    /** Memory with a bit changed here and there, this time as libvirt shows it, either shows the same, or that something is wrong. */
    @Test
    void aFlippedBitNeverMakesAPageFree() throws Exception {
        try (LabGuest lab = boot(LabGuest.Kind.TINY_X86_64)) {
            LibvirtGuest flipped = (LibvirtGuest) hypervisor.guest(lab.name);
            FlippedGuest guest = new FlippedGuest(flipped, flipped.shownMemory());
            int doubts = 0;
            int rounds = 0;
            for (int guests = 0; guests < 2; guests++) {
                try (FreePageSearch search = begin(guest);
                        SavedGuest saved = guest.save()) {
                    FreePages right = search.finish();
                    assertThat(right.reason()).isEmpty();
                    long end = System.nanoTime() + Duration.ofSeconds(1).toNanos();
                    while (System.nanoTime() < end) {
                        guest.flip(rounds++);
                        FreePages pages = search.finish();
                        doubts += pages.reason().isPresent() ? 1 : 0;
                        for (long at = 0; at < memoryMib(LabGuest.Kind.TINY_X86_64) * (long) MIB; at += PAGE_BYTES) {
                            if (pages.isFree("pc.ram", at) && !right.isFree("pc.ram", at)) {
                                throw new AssertionError("page " + at + " is not free, in round " + rounds);
                            }
                        }
                    }
                    saved.memory().transferTo(OutputStream.nullOutputStream());
                }
                guest.heal();
                lab.awaitTicking();
            }
            assertThat(rounds).isGreaterThan(20);
            assertThat(doubts).isBetween(1, rounds - 1);
        }
    }
}
