// SPDX-License-Identifier: Apache-2.0
package io.vmmig.handover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.state.HostState;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("once")
class JournalTest {
    private static final JsonObject FACTS = facts();

    @TempDir
    Path directory;

    private Path file;

    @BeforeEach
    void name() {
        file = directory.resolve("one.journal");
    }

    private static JsonObject facts() {
        JsonObject facts = new JsonObject();
        facts.addProperty("guest", "wéb-1\nand more");
        return facts;
    }

    private byte[] written() throws Exception {
        try (Journal journal = Journal.begin(file, FACTS, "OFFERED")) {
            journal.enter("RESTORED");
            journal.enter("COMMITTED");
        }
        return Files.readAllBytes(file);
    }

    private static void assertProblem(Problem problem, ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOfSatisfying(VmmigException.class, e -> assertThat(e.problem())
                .isEqualTo(problem));
    }

    @Test
    void whatWasNotedIsFoundAgain() throws Exception {
        written();

        try (Journal journal = Journal.open(file).orElseThrow()) {
            assertThat(journal.facts()).isEqualTo(FACTS);
            assertThat(journal.state()).isEqualTo("COMMITTED");
            assertThat(journal.torn()).isFalse();
            journal.enter("RESUMED");
        }
        try (Journal journal = Journal.open(file).orElseThrow()) {
            assertThat(journal.state()).isEqualTo("RESUMED");
            journal.remove();
        }
        assertThat(Journal.open(file)).isEmpty();
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void whatTheTransportHasRecordedLastIsFoundAgain() throws Exception {
        try (Journal journal = Journal.begin(file, FACTS, "PREPARED")) {
            assertThat(journal.entry()).isNull();
            journal.enter("COMMITTED");
            journal.record("sent");
            journal.record("withdrawing \"it\"");
        }
        try (Journal journal = Journal.open(file).orElseThrow()) {
            assertThat(journal.state()).isEqualTo("COMMITTED");
            assertThat(journal.entry()).isEqualTo("withdrawing \"it\"");
            journal.enter("RETIRED");
        }
        byte[] whole = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(whole, whole.length - 3));
        try (Journal journal = Journal.open(file).orElseThrow()) {
            assertThat(journal.torn()).isTrue();
            assertThat(journal.entry()).isEqualTo("withdrawing \"it\"");
        }
    }

    @Test
    void itIsForItsOwnerOnly() throws Exception {
        written();

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
    }

    @Test
    void whoeverHasItOpenHasItAlone() throws Exception {
        try (Journal journal = Journal.begin(file, FACTS, "OFFERED")) {
            assertProblem(Problem.GUEST_BUSY, () -> Journal.open(file));
            assertProblem(Problem.FILE_FAILED, () -> Journal.begin(file, FACTS, "OFFERED"));
            assertThat(Journal.factsOf(file)).contains(FACTS);
            journal.enter("RESTORED");
        }
        try (Journal journal = Journal.open(file).orElseThrow()) {
            assertThat(journal.state()).isEqualTo("RESTORED");
            assertProblem(Problem.GUEST_BUSY, () -> Journal.open(file));
        }
    }

    /** Another process sees that by the lock alone, which any closing of the file in this one would end. */
    @Test
    void itStaysLockedWhoeverElseAsksForIt() throws Exception {
        Path link = Files.createSymbolicLink(directory.resolve("link"), directory);
        try (Journal journal = Journal.begin(file, FACTS, "OFFERED")) {
            assertThat(locks()).isOne();
            assertProblem(Problem.GUEST_BUSY, () -> Journal.open(file));
            assertProblem(Problem.GUEST_BUSY, () -> Journal.open(link.resolve(file.getFileName())));
            assertThat(Journal.factsOf(file)).contains(FACTS);
            assertThat(Journal.factsOf(link.resolve(file.getFileName()))).contains(FACTS);
            journal.enter("RESTORED");
            assertThat(locks()).isOne();
        }
        assertThat(locks()).isZero();
    }

    private long locks() throws Exception {
        String inode = ":" + Files.getAttribute(file, "unix:ino") + " ";
        try (Stream<String> locks = Files.lines(Path.of("/proc/locks"))) {
            return locks.filter(lock -> lock.contains(inode)).count();
        }
    }

    /** As a crash may leave it. */
    @Test
    void ofAnyBeginningOfItTheWholeLinesCount() throws Exception {
        byte[] all = written();
        for (int length = 0; length < all.length; length++) {
            byte[] beginning = Arrays.copyOf(all, length);
            Files.write(file, beginning);
            long lines = new String(beginning, StandardCharsets.ISO_8859_1)
                    .chars()
                    .filter(c -> c == '\n')
                    .count();
            Optional<Journal> found = Journal.open(file);
            assertThat(found.isPresent()).as("%d bytes", length).isEqualTo(lines >= 2);
            if (found.isPresent()) {
                try (Journal journal = found.get()) {
                    assertThat(journal.state())
                            .isEqualTo(lines == 2 ? "OFFERED" : lines == 3 ? "RESTORED" : "COMMITTED");
                    assertThat(journal.torn()).isEqualTo(beginning[length - 1] != '\n');
                    journal.enter("DISCARDED");
                    assertThat(journal.torn()).isFalse();
                }
                try (Journal journal = Journal.open(file).orElseThrow()) {
                    assertThat(journal.state()).isEqualTo("DISCARDED");
                    assertThat(journal.torn()).isFalse();
                }
            }
        }
    }

    /** With a flipped bit the last steps may be missing, which is then known, or the whole is not believed. */
    @Test
    void damageIsNeverTakenForAStep() throws Exception {
        byte[] all = written();
        for (int bit = 0; bit < all.length * 8; bit++) {
            byte[] changed = all.clone();
            changed[bit / 8] ^= (byte) (1 << bit % 8);
            Files.write(file, changed);
            try {
                Optional<Journal> found = Journal.open(file);
                if (found.isPresent()) {
                    try (Journal journal = found.get()) {
                        assertThat(journal.facts()).isEqualTo(FACTS);
                        assertThat(journal.state()).as("bit %d", bit).isIn("OFFERED", "RESTORED");
                        assertThat(journal.torn()).isTrue();
                    }
                }
            } catch (VmmigException e) {
                assertThat(e.problem()).as("bit %d", bit).isEqualTo(Problem.JOURNAL_DAMAGED);
            }
        }
    }

    @Test
    void noiseIsNoJournal() throws Exception {
        Random random = new Random(7);
        for (int i = 0; i < 500; i++) {
            byte[] noise = new byte[random.nextInt(2000)];
            random.nextBytes(noise);
            Files.write(file, noise);
            try {
                assertThat(Journal.open(file)).isEmpty();
            } catch (VmmigException e) {
                assertThat(e.problem()).isEqualTo(Problem.JOURNAL_DAMAGED);
            }
        }
    }

    @Test
    void whatItIsAboutIsReadWhateverBecameOfItsSteps() throws Exception {
        byte[] bytes = written();
        int first = new String(bytes, StandardCharsets.ISO_8859_1).indexOf('\n') + 1;
        bytes[first + 3] ^= 1;
        Files.write(file, bytes);

        assertThat(Journal.factsOf(file)).contains(FACTS);
        assertProblem(Problem.JOURNAL_DAMAGED, () -> Journal.glance(file));
        bytes[12] ^= 1;
        Files.write(file, bytes);
        assertProblem(Problem.JOURNAL_DAMAGED, () -> Journal.factsOf(file));
        bytes[12] ^= 1;
        Files.write(file, Arrays.copyOf(bytes, first + 5));
        assertThat(Journal.factsOf(file)).isEmpty();
    }

    /** It could be one in which the guest has been given away. */
    @Test
    void aStepThatIsNotKnownIsNotPassedOver() throws Exception {
        Path departure = directory.resolve(UUID.randomUUID() + ".journal");
        HostState state = HostState.open(directory.resolve("state"));
        DepartureJournal.begin(
                        state,
                        new DepartureJournal.Facts(
                                UUID.randomUUID(), "web-1", UUID.randomUUID(), true, false, null, List.of(), null))
                .close();
        Path known = DepartureJournal.all(state).get(0);
        Journal.begin(departure, Journal.factsOf(known).orElseThrow(), "GIVEN_AWAY_ANEW")
                .close();

        DepartureJournal.open(known).orElseThrow().close();
        assertProblem(Problem.JOURNAL_DAMAGED, () -> DepartureJournal.open(departure));
        assertProblem(Problem.JOURNAL_DAMAGED, () -> DepartureJournal.open(departure));
    }

    @Test
    void oneThatIsTooLargeIsNotReadIn() throws Exception {
        Files.write(file, new byte[(8 << 20) + 1], StandardOpenOption.CREATE);

        assertProblem(Problem.JOURNAL_DAMAGED, () -> Journal.open(file));
    }

    @Test
    void oneThatCannotBeWrittenIsOneClearError() {
        Path nowhere = directory.resolve("missing/one.journal");

        assertProblem(Problem.FILE_FAILED, () -> Journal.begin(nowhere, FACTS, "OFFERED"));
    }
}
