// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.content.Digest;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.HandOverJournal;
import io.vmmig.transport.Outcome;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The source's {@link IndexHandOver} against all that a server can do and all moments at which the source's program can die, with a
 * destination that takes the package as soon as it can.
 *
 * <p>An honest server, however bad: what it says it has done it has done, and does not do again; any other request is done at once, at any
 * later time, or never, whatever is said about it; what it shows is so in that moment. A lying server does and says what it likes.
 */
@Tag("once")
class IndexHandOverModelTest {
    private static final UUID ID = UUID.fromString("00000000-0000-4000-8000-000000000001");
    private static final int PARTS = 2;
    private static final int PIVOT = 1;
    private static final byte[] INDEX = new PartIndex(
                    ID.toString(),
                    5000,
                    4096,
                    Collections.nCopies(PARTS, new Digest("a".repeat(64))),
                    PartIndex.Ending.of(new byte[PartIndex.TAIL_BYTES], null))
            .toBytes();
    private static final int RUNS_OF_THE_PROGRAM = 3;

    private static HostIdentity destination;
    private static byte[] taken;
    private static byte[] refused;
    private static byte[] ofAnotherPackage;
    private static byte[] ofAnotherIndex;

    @BeforeAll
    static void makeIdentity(@TempDir Path directory) throws Exception {
        destination = HostIdentity.in(directory);
        taken = Receipt.taken(ID, IndexHandOver.digestOf(INDEX)).signedBy(destination);
        refused = Receipt.refusal(ID).signedBy(destination);
        ofAnotherPackage = Receipt.refusal(UUID.randomUUID()).signedBy(destination);
        ofAnotherIndex = Receipt.taken(ID, new Digest("b".repeat(64))).signedBy(destination);
    }

    /** The source's program dies. */
    private static final class Crash extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    /** Where the guest is at its source. */
    private enum AtSource {
        PAUSED,
        RESUMED,
        RETIRED
    }

    /** What survives the source's program. */
    private record Journal(Choices choices, List<String> entries) implements HandOverJournal {
        @Override
        public Optional<String> latest() {
            return entries.isEmpty() ? Optional.empty() : Optional.of(entries.get(entries.size() - 1));
        }

        @Override
        public void record(String entry) {
            if (choices.unusually()) {
                throw new Crash();
            }
            entries.add(entry);
            if (choices.unusually()) {
                throw new Crash();
            }
        }
    }

    /** One history of a package, its server and its destination. */
    private abstract static class World implements RemoteObjects {
        final Choices choices;

        World(Choices choices) {
            this.choices = choices;
        }

        /** Whether the destination has the guest, or will have it if it likes. */
        abstract boolean destinationHasIt();

        /** Whether the guest cannot be had from there any more. */
        abstract boolean isLostThere();

        void mayCrash() {
            if (choices.unusually()) {
                throw new Crash();
            }
        }

        static VmmigException trouble() {
            return VmmigException.of(Problem.PEER_UNTRUSTED, "the server says no", "");
        }
    }

    /** It may be slow, cut connections and say no to what it does; but it does not lie. */
    private static final class Honest extends World {
        private final Set<String> objects =
                new TreeSet<>(List.of(PartIndex.partName(ID.toString(), 0), PartIndex.partName(ID.toString(), PIVOT)));
        private final Deque<Runnable> onTheirWay = new ArrayDeque<>();
        private boolean wasWhole;

        Honest(Choices choices) {
            super(choices);
        }

        private void step() {
            while (!onTheirWay.isEmpty() && choices.unusually()) {
                onTheirWay.removeFirst().run();
            }
            wasWhole |= objects.size() == PARTS + 1;
        }

        private void request(Runnable effect, boolean mayStayOut) throws VmmigException {
            mayCrash();
            step();
            // Done and said so; done; on its way; never done.
            int what = choices.next(4);
            if (what <= 1) {
                effect.run();
            } else if (what == 2) {
                onTheirWay.addLast(effect);
            }
            step();
            mayCrash();
            if (what != 0 && mayStayOut) {
                throw trouble();
            }
        }

        @Override
        public void put(String name, byte[] content, Delivery delivery) throws VmmigException {
            while (true) {
                delivery.attempted();
                if (choices.unusually()) {
                    throw trouble();
                }
                delivery.begun();
                try {
                    request(() -> objects.add(name), true);
                    delivery.answered(201);
                    return;
                } catch (VmmigException e) {
                    if (!choices.unusually()) {
                        throw e;
                    }
                    // It is tried again.
                }
            }
        }

        @Override
        public Optional<byte[]> get(String name, int limit) throws VmmigException {
            return isThere(name) ? Optional.of(INDEX) : Optional.empty();
        }

        @Override
        public boolean isThere(String name) throws VmmigException {
            mayCrash();
            step();
            if (choices.unusually()) {
                throw trouble();
            }
            return objects.contains(name);
        }

        @Override
        public void delete(String name) throws VmmigException {
            request(() -> objects.remove(name), true);
        }

        /** All that is on its way arrives. */
        private void calmDown() {
            onTheirWay.forEach(Runnable::run);
            onTheirWay.clear();
            step();
        }

        @Override
        boolean destinationHasIt() {
            step();
            calmDown();
            return wasWhole;
        }

        @Override
        boolean isLostThere() {
            calmDown();
            return objects.size() != PARTS + 1;
        }
    }

    /** It keeps what it gets, shows it to whom it likes, and says what it likes. */
    private static final class Lying extends World {
        private final boolean receipts;
        private boolean hasIndex;
        private byte @Nullable [] verdict;

        Lying(Choices choices, boolean receipts) {
            super(choices);
            this.receipts = receipts;
        }

        /** The destination does what it can with what the server shows it, and keeps its word. */
        private void destinationActs() {
            if (verdict == null && hasIndex && !choices.unusually()) {
                verdict = taken;
            } else if (verdict == null && choices.unusually()) {
                verdict = refused;
            }
        }

        @Override
        public void put(String name, byte[] content, Delivery delivery) throws VmmigException {
            mayCrash();
            delivery.attempted();
            if (choices.unusually()) {
                throw trouble();
            }
            delivery.begun();
            hasIndex = true;
            if (choices.unusually()) {
                throw trouble();
            }
            delivery.answered(201);
            mayCrash();
        }

        @Override
        public Optional<byte[]> get(String name, int limit) throws VmmigException {
            mayCrash();
            destinationActs();
            if (name.equals(PartIndex.NAME)) {
                return choices.unusually() ? Optional.empty() : Optional.of(INDEX);
            }
            return switch (choices.next(5)) {
                case 0 -> Optional.ofNullable(verdict);
                case 1 -> Optional.empty();
                case 2 -> Optional.of(ofAnotherPackage);
                case 3 -> Optional.of(ofAnotherIndex);
                default -> throw trouble();
            };
        }

        @Override
        public boolean isThere(String name) {
            mayCrash();
            destinationActs();
            return choices.unusually();
        }

        @Override
        public void delete(String name) {
            mayCrash();
        }

        @Override
        boolean destinationHasIt() {
            return receipts ? verdict == taken : hasIndex;
        }

        @Override
        boolean isLostThere() {
            // It has all of it, and may throw it away.
            return !receipts || !destinationHasIt();
        }
    }

    private static AtSource run(World world, boolean receipts) {
        Journal journal = new Journal(world.choices, new ArrayList<>());
        IndexHandOver handOver = new IndexHandOver(world, "x", ID, journal);
        HandOverEntry first = new HandOverEntry(
                HandOverEntry.Step.SENT,
                IndexHandOver.digestOf(INDEX),
                PARTS,
                PIVOT,
                receipts ? destination.keys().signing() : null);
        try {
            handOver.publish(
                    first,
                    INDEX,
                    receipts ? new AwaitedReceipt(destination.keys().signing(), Duration.ZERO) : null);
            return AtSource.RETIRED;
        } catch (Crash e) {
            // A recovery finds what it has left.
        } catch (VmmigException e) {
            if (e.problem() != Problem.OUTCOME_UNKNOWN) {
                return AtSource.RESUMED;
            }
        }
        for (int i = 1; i < RUNS_OF_THE_PROGRAM; i++) {
            try {
                Outcome outcome = handOver.outcome();
                if (outcome == Outcome.TAKEN || outcome == Outcome.NOT_TAKEN) {
                    return outcome == Outcome.TAKEN ? AtSource.RETIRED : AtSource.RESUMED;
                }
            } catch (Crash | VmmigException e) {
                // The next one may learn more.
                assertThat(e).isNotNull();
            }
        }
        return AtSource.PAUSED;
    }

    private interface Judge {
        void judge(World world, AtSource source);
    }

    private static int walk(
            int mostUnusual, boolean receipts, java.util.function.Function<Choices, World> made, Judge judge) {
        Choices choices = new Choices(mostUnusual);
        int runs = 0;
        do {
            World world = made.apply(choices);
            AtSource source = run(world, receipts);
            judge.judge(world, source);
            runs++;
        } while (choices.another());
        return runs;
    }

    private static void assertOnce(World world, AtSource source) {
        if (source == AtSource.RESUMED) {
            assertThat(world.destinationHasIt())
                    .as("runs twice: %s", world.choices)
                    .isFalse();
        } else if (source == AtSource.RETIRED) {
            assertThat(world.isLostThere()).as("is lost: %s", world.choices).isFalse();
        }
    }

    @Test
    void anHonestServerNeitherDoublesNorLosesAGuest() {
        TreeSet<AtSource> seen = new TreeSet<>();
        int runs = walk(5, false, Honest::new, (world, source) -> {
            seen.add(source);
            assertOnce(world, source);
        });
        assertThat(runs).isGreaterThan(10_000);
        assertThat(seen).containsExactly(AtSource.values());
    }

    @Test
    void aLyingServerCanDoBoth() {
        TreeSet<String> done = new TreeSet<>();
        walk(4, false, choices -> new Lying(choices, false), (world, source) -> {
            if (source == AtSource.RESUMED && world.destinationHasIt()) {
                done.add("runs twice");
            }
            if (source == AtSource.RETIRED && world.isLostThere()) {
                done.add("is lost");
            }
        });
        assertThat(done).containsExactly("is lost", "runs twice");
    }

    @Test
    void withAReceiptALyingServerCanDoNeither() {
        TreeSet<AtSource> seen = new TreeSet<>();
        int runs = walk(4, true, choices -> new Lying(choices, true), (world, source) -> {
            seen.add(source);
            assertOnce(world, source);
        });
        assertThat(runs).isGreaterThan(1000);
        assertThat(seen).containsExactly(AtSource.values());
    }
}
