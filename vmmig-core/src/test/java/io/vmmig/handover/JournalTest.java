// SPDX-License-Identifier: Apache-2.0
package io.vmmig.handover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.files.FileIdentity;
import io.vmmig.json.JsonFields;
import io.vmmig.json.JsonText;
import io.vmmig.state.HostState;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
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
    private static final String GUEST = "wéb-1\nand more";
    private static final JsonText FACTS = new JsonText().put("guest", GUEST);

    @TempDir
    Path directory;

    private Path file;

    @BeforeEach
    void name() {
        file = directory.resolve("one.journal");
    }

    private static Optional<Journal> open(Path file) throws VmmigException {
        return Journal.open(file, journal -> journal);
    }

    private static void assertFacts(Optional<JsonFields> facts) {
        assertThat(facts.flatMap(found -> found.anyText("guest"))).contains(GUEST);
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

        try (Journal journal = open(file).orElseThrow()) {
            assertFacts(Optional.of(journal.facts()));
            assertThat(journal.state()).isEqualTo("COMMITTED");
            assertThat(journal.torn()).isFalse();
            journal.enter("RESUMED");
        }
        try (Journal journal = open(file).orElseThrow()) {
            assertThat(journal.state()).isEqualTo("RESUMED");
            journal.remove();
        }
        assertThat(open(file)).isEmpty();
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void whatTheTransportHasRecordedLastIsFoundAgain() throws Exception {
        try (Journal journal = Journal.begin(file, FACTS, "PREPARED")) {
            assertThat(journal.entry()).isEmpty();
            journal.enter("COMMITTED");
            journal.record("sent");
            journal.record("withdrawing \"it\"");
        }
        try (Journal journal = open(file).orElseThrow()) {
            assertThat(journal.state()).isEqualTo("COMMITTED");
            assertThat(journal.entry()).contains("withdrawing \"it\"");
            journal.enter("RETIRED");
        }
        byte[] whole = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(whole, whole.length - 3));
        try (Journal journal = open(file).orElseThrow()) {
            assertThat(journal.torn()).isTrue();
            assertThat(journal.entry()).contains("withdrawing \"it\"");
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
            assertProblem(Problem.GUEST_BUSY, () -> open(file));
            assertProblem(Problem.FILE_FAILED, () -> Journal.begin(file, FACTS, "OFFERED"));
            assertFacts(Journal.factsOf(file));
            journal.enter("RESTORED");
        }
        try (Journal journal = open(file).orElseThrow()) {
            assertThat(journal.state()).isEqualTo("RESTORED");
            assertProblem(Problem.GUEST_BUSY, () -> open(file));
        }
    }

    /** Another process sees that by the lock alone, which any closing of the file in this one would end. */
    @Test
    void itStaysLockedWhoeverElseAsksForIt() throws Exception {
        Path link = Files.createSymbolicLink(directory.resolve("link"), directory);
        try (Journal journal = Journal.begin(file, FACTS, "OFFERED")) {
            assertThat(locks()).isOne();
            assertProblem(Problem.GUEST_BUSY, () -> open(file));
            assertProblem(Problem.GUEST_BUSY, () -> open(link.resolve(file.getFileName())));
            assertFacts(Journal.factsOf(file));
            assertFacts(Journal.factsOf(link.resolve(file.getFileName())));
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
            Optional<Journal> found = open(file);
            assertThat(found.isPresent()).as("%d bytes", length).isEqualTo(lines >= 2);
            if (found.isPresent()) {
                try (Journal journal = found.get()) {
                    assertThat(journal.state())
                            .isEqualTo(lines == 2 ? "OFFERED" : lines == 3 ? "RESTORED" : "COMMITTED");
                    assertThat(journal.torn()).isEqualTo(beginning[length - 1] != '\n');
                    journal.enter("DISCARDED");
                    assertThat(journal.torn()).isFalse();
                }
                try (Journal journal = open(file).orElseThrow()) {
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
                Optional<Journal> found = open(file);
                if (found.isPresent()) {
                    try (Journal journal = found.get()) {
                        assertFacts(Optional.of(journal.facts()));
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
                assertThat(open(file)).isEmpty();
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

        assertFacts(Journal.factsOf(file));
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
        Files.copy(known, departure);
        try (Journal journal = open(departure).orElseThrow()) {
            journal.enter("GIVEN_AWAY_ANEW");
        }

        DepartureJournal.open(known).orElseThrow().close();
        assertProblem(Problem.JOURNAL_DAMAGED, () -> DepartureJournal.open(departure));
        assertProblem(Problem.JOURNAL_DAMAGED, () -> DepartureJournal.open(departure));
    }

    @Test
    void oneThatIsTooLargeIsNotReadIn() throws Exception {
        Files.write(file, new byte[(8 << 20) + 1], StandardOpenOption.CREATE);

        assertProblem(Problem.JOURNAL_DAMAGED, () -> open(file));
    }

    @Test
    void oneThatCannotBeWrittenIsOneClearError() {
        Path nowhere = directory.resolve("missing/one.journal");

        assertProblem(Problem.FILE_FAILED, () -> Journal.begin(nowhere, FACTS, "OFFERED"));
    }

    private static final UUID PACKAGE = UUID.fromString("0e4c6f9e-6f0b-4b2c-9c39-7f5ff2c4a001");
    private static final UUID UUID_OF_GUEST = UUID.fromString("11111111-2222-3333-4444-555555555555");

    private static final String DEPARTURE =
            """
            7b87565a {"package":"0e4c6f9e-6f0b-4b2c-9c39-7f5ff2c4a001","guest":"wéb <1>","uuid":"11111111-2222-3333-4444-555555555555","running":true,"address":"tls://host-b:16550","files":["/img/a.qcow2","/img/b\\"c"],"memoryBytes":4294967296}
            7953fffb {"state":"PREPARED"}
            2f40dbad {"state":"PREPARED","ran":false}
            f08704b4 {"state":"PREPARED","transport":"sending \\"it\\""}
            c05cb58c {"state":"COMMITTED","autostart":true}
            """;

    private static final String ARRIVAL =
            """
            e6c27b03 {"package":"0e4c6f9e-6f0b-4b2c-9c39-7f5ff2c4a001","guest":"wéb <1>","uuid":"11111111-2222-3333-4444-555555555555","running":true,"directory":"/guests/web","files":["/guests/web/vda"],"outputs":[],"claims":["/c/1"],"source":"host-a","peer":"SHA256:abc","live":true,"begun":"2026-03-01T12:00:00.500Z"}
            4c9bbd28 {"state":"OFFERED"}
            a9e7559f {"made":"/guests/web","identity":"1:2:abc"}
            eca9af77 {"outputs":["/guests/web/log"]}
            73f49b40 {"state":"RESTORED","running":false,"autostart":true}
            bfef42e4 {"state":"COMMITTED"}
            """;

    /** Journals of earlier versions of vmmig have to be read after an upgrade. */
    @Test
    void theFormatOfADepartureDoesNotChange() throws Exception {
        HostState state = HostState.open(directory);
        DepartureJournal.Facts facts = new DepartureJournal.Facts(
                PACKAGE,
                "wéb <1>",
                UUID_OF_GUEST,
                true,
                false,
                "tls://host-b:16550",
                List.of(Path.of("/img/a.qcow2"), Path.of("/img/b\"c")),
                1L << 32);
        try (DepartureJournal journal = DepartureJournal.begin(state, facts)) {
            journal.saved(false);
            journal.record("sending \"it\"");
            journal.commit(true);
        }
        Path written = DepartureJournal.all(state).get(0);
        assertThat(written).hasContent(DEPARTURE);
        try (DepartureJournal journal = DepartureJournal.open(written).orElseThrow()) {
            assertThat(journal.facts()).isEqualTo(facts);
            assertThat(journal.ran()).isFalse();
            assertThat(journal.autostart()).isTrue();
            assertThat(journal.latest()).contains("sending \"it\"");
            assertThat(journal.mayBeCommitted()).isTrue();
        }
    }

    @Test
    void theFormatOfAnArrivalDoesNotChange() throws Exception {
        HostState state = HostState.open(directory);
        ArrivalJournal.Facts facts = new ArrivalJournal.Facts(
                PACKAGE,
                "wéb <1>",
                UUID_OF_GUEST,
                true,
                Path.of("/guests/web"),
                List.of(Path.of("/guests/web/vda")),
                List.of(),
                List.of(Path.of("/c/1")),
                "host-a",
                Optional.of("SHA256:abc"),
                true,
                Instant.parse("2026-03-01T12:00:00.500Z"));
        ArrivalJournal.Made made = new ArrivalJournal.Made(Path.of("/guests/web"), new FileIdentity(1, 2, "abc"));
        try (ArrivalJournal journal = ArrivalJournal.begin(state, facts)) {
            journal.made(made);
            journal.addOutputs(List.of(Path.of("/guests/web/log")));
            journal.enter(DestinationState.RECEIVED);
            journal.enter(DestinationState.VERIFIED);
            journal.restored(false, true);
            journal.enter(DestinationState.COMMITTED);
        }
        Path written = ArrivalJournal.all(state).get(0);
        assertThat(written).hasContent(ARRIVAL);
        try (ArrivalJournal journal = ArrivalJournal.open(written).orElseThrow()) {
            assertThat(journal.facts()).isEqualTo(facts);
            assertThat(journal.made()).containsExactly(made);
            assertThat(journal.outputs()).containsExactly(Path.of("/guests/web/log"));
            assertThat(journal.running()).isFalse();
            assertThat(journal.autostart()).isTrue();
            assertThat(journal.state()).isEqualTo(DestinationState.COMMITTED);
        }
    }
}
