// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Tag("once")
@Timeout(60)
class NodeStoreTest {
    @TempDir
    Path temp;

    private final HostIdentity a = identity();
    private final HostIdentity b = identity();
    private NodeStore store;

    @BeforeEach
    void openStore() throws Exception {
        store = NodeStore.in(temp.resolve("nodes"));
    }

    @Test
    void trustsWhatWasAdded() throws Exception {
        assertThat(store.trusts(a.fingerprint())).isFalse();

        Node node = store.add(a.card("alpha"));

        assertThat(store.trusts(a.fingerprint())).isTrue();
        assertThat(store.trusts(b.fingerprint())).isFalse();
        assertThat(store.list()).containsExactly(node);
        assertThat(store.find(a.fingerprint())).contains(node);
        assertThat(store.find("alpha")).contains(node);
        assertThat(store.find(a.keys().signing())).contains(node);
        assertThat(store.find("beta")).isEmpty();
        assertThat(store.find(b.keys().signing())).isEmpty();
    }

    @Test
    void isTheSameForEveryStoreOfTheDirectory() throws Exception {
        NodeStore other = NodeStore.in(temp.resolve("nodes"));
        store.add(a.card("alpha"));
        other.add(b.card("beta"));

        assertThat(store.list()).isEqualTo(other.list()).hasSize(2);
        other.delete(a.fingerprint());
        assertThat(store.trusts(a.fingerprint())).isFalse();
    }

    @Test
    void deletedIsNotTrustedFromThatMoment() throws Exception {
        store.add(a.card("alpha"));

        assertThat(store.delete(a.fingerprint())).isTrue();
        assertThat(store.trusts(a.fingerprint())).isFalse();
        assertThat(store.delete(a.fingerprint())).isFalse();
    }

    @Test
    void namesAreOursAndEachIsOneNodes() throws Exception {
        store.add(a.card("host"), "left");
        assertThatThrownBy(() -> store.add(b.card("left")))
                .isInstanceOfSatisfying(
                        VmmigException.class, e -> assertThat(e.problem()).isEqualTo(Problem.REQUEST_INVALID))
                .hasMessageContaining(a.fingerprint().toString());
        assertThat(store.trusts(b.fingerprint())).isFalse();
        store.add(b.card("host"), "right");
        store.add(a.card("host"), "centre");

        assertThat(store.list()).extracting(Node::name).containsExactly("centre", "right");
    }

    @Test
    void nobodyElseCanReadOrChangeIt() throws Exception {
        store.add(a.card("alpha"));

        try (Stream<Path> files = Files.list(temp.resolve("nodes"))) {
            assertThat(files).isNotEmpty().allSatisfy(file -> assertThat(
                            PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                    .isEqualTo("rw-------"));
        }
        Files.setPosixFilePermissions(temp.resolve("nodes"), PosixFilePermissions.fromString("rwxrwxrwx"));
        assertThatThrownBy(() -> NodeStore.in(temp.resolve("nodes")))
                .hasMessageContaining("can be written by other users");
    }

    @Test
    void aDamagedFileIsNamedAndTrustsNobody() throws Exception {
        store.add(a.card("alpha"));
        Path file = temp.resolve("nodes").resolve(a.fingerprint().hex() + ".node");
        for (String damaged : List.of(
                "",
                Files.readString(file).replace("name: alpha\nsigning", "name: beta\nsigning"),
                "name: alpha\n" + b.card("alpha").text())) {
            Files.writeString(file, damaged);
            assertThatThrownBy(() -> store.trusts(a.fingerprint()))
                    .isInstanceOfSatisfying(
                            VmmigException.class, e -> assertThat(e.problem()).isEqualTo(Problem.FILE_FAILED))
                    .hasMessageContaining(file.getFileName().toString());
        }
        Files.writeString(temp.resolve("nodes/notes.txt"), "not a node");
        store.delete(a.fingerprint());
        assertThat(store.list()).isEmpty();
    }

    @Test
    void aDamagedFileAffectsItsNodeOnly() throws Exception {
        store.add(a.card("alpha"));
        store.add(b.card("beta"));
        Path file = temp.resolve("nodes").resolve(a.fingerprint().hex() + ".node");
        for (boolean readByOthers : new boolean[] {false, true}) {
            if (readByOthers) {
                Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
            } else {
                Files.writeString(file, "name: al");
            }
            assertThat(store.list()).extracting(Node::name).containsExactly("beta");
            assertThat(store.find("beta")).isPresent();
            assertThat(store.find("alpha")).isEmpty();
            assertThat(AcceptedSigners.in(store).accepts(b.keys().signing())).isTrue();
            assertThat(AcceptedSigners.in(store).accepts(a.keys().signing())).isFalse();
            assertThat(store.trusts(b.fingerprint())).isTrue();
            assertThatThrownBy(() -> store.trusts(a.fingerprint())).hasMessageContaining(file.toString());
            store.renew(b.successor(LocalDate.MAX).card("beta"));
            store.delete(store.find("beta").orElseThrow().fingerprint());
            store.add(b.card("beta"));
        }
        store.add(a.card("alpha"));
        assertThat(store.trusts(a.fingerprint())).isTrue();
    }

    @Test
    void aRetiredKeyCountsUntilTheDayThatItNamed() throws Exception {
        SignerKey retired = a.keys().signing();
        store.add(a.card("alpha"));
        HostIdentity next = a.successor(LocalDate.of(2031, 5, 17));
        NodeCard card = store.renew(next.card("alpha")).card();

        assertThat(card.signsWith(retired, Instant.parse("2031-05-16T23:59:59Z")))
                .isTrue();
        assertThat(card.signsWith(retired, Instant.parse("2031-05-17T00:00:00Z")))
                .isFalse();
        assertThat(card.signsWith(next.keys().signing(), Instant.parse("2999-01-01T00:00:00Z")))
                .isTrue();
        assertThat(next.signsWith(retired, Instant.parse("2031-05-16T23:59:59Z")))
                .isTrue();
        assertThat(next.signsWith(retired, Instant.parse("2031-05-17T00:00:00Z")))
                .isFalse();
    }

    @Test
    void aKeyThatEndsAtOnceCountsNowhere() throws Exception {
        HostIdentity old = HostIdentity.in(temp.resolve("id"));
        SignerKey retired = old.keys().signing();
        store.add(old.card("alpha"));
        HostIdentity next = HostIdentity.rotate(temp.resolve("id"), null, Duration.ZERO);
        store.renew(next.card("alpha"));

        assertThat(AcceptedSigners.in(store).accepts(retired)).isFalse();
        assertThat(AcceptedSigners.own(next).accepts(retired)).isFalse();
        assertThat(AcceptedSigners.own(HostIdentity.in(temp.resolve("id")))
                        .accepts(next.keys().signing()))
                .isTrue();
        assertThat(AcceptedSigners.in(store)
                        .or(AcceptedSigners.of(Set.of(retired)))
                        .accepts(retired))
                .isTrue();
        assertThat(AcceptedSigners.anybody().and(AcceptedSigners.in(store)).accepts(retired))
                .isFalse();
        HostIdentity later = HostIdentity.rotate(temp.resolve("id"));
        assertThat(AcceptedSigners.own(later).accepts(next.keys().signing())).isTrue();
    }

    @Test
    void renewedKeysAreTakenOnTheWordOfTheOldOnes() throws Exception {
        HostIdentity next = a.successor(LocalDate.MAX).successor(LocalDate.MAX);
        store.add(a.card("alpha"), "left");

        Node renewed = store.renew(next.card("alpha"));

        assertThat(renewed.name()).isEqualTo("left");
        assertThat(store.list()).containsExactly(renewed);
        assertThat(store.trusts(a.fingerprint())).isFalse();
        assertThat(store.trusts(next.fingerprint())).isTrue();
        assertThat(store.find(a.keys().signing())).as("what was signed before").contains(renewed);
    }

    @Test
    void nobodyElsesWordCounts() throws Exception {
        store.add(a.card("alpha"));
        HostIdentity next = a.successor(LocalDate.MAX);
        store.renew(next.card("alpha"));

        for (NodeCard card : List.of(
                b.card("alpha"),
                b.successor(LocalDate.MAX).card("alpha"),
                a.card("alpha"),
                a.successor(LocalDate.MAX).card("alpha"))) {
            assertThatThrownBy(() -> store.renew(card))
                    .isInstanceOfSatisfying(
                            VmmigException.class, e -> assertThat(e.problem()).isEqualTo(Problem.NODE_UNKNOWN));
        }
        assertThat(store.list()).extracting(Node::fingerprint).containsExactly(next.fingerprint());
    }

    @Test
    void tellsOfRemovalsBeforeTheyReturn() throws Exception {
        store.add(a.card("alpha"));
        store.add(b.card("beta"));
        List<Fingerprint> told = new ArrayList<>();
        TrustedNodes.Subscription failing = store.onRemoval(any -> {
            throw new IllegalStateException("a listener may fail");
        });
        TrustedNodes.Subscription subscription = store.onRemoval(told::add);

        store.delete(a.fingerprint());
        assertThat(told).containsExactly(a.fingerprint());
        HostIdentity next = b.successor(LocalDate.MAX);
        store.renew(next.card("beta"));
        assertThat(told).containsExactly(a.fingerprint(), b.fingerprint());
        failing.close();
        subscription.close();
        subscription.close();
        store.delete(next.fingerprint());
        assertThat(told).hasSize(2);
    }

    @Test
    void tellsOfRemovalsByOthers() throws Exception {
        store.add(a.card("alpha"));
        BlockingQueue<Fingerprint> told = new LinkedBlockingQueue<>();
        NodeStore other = NodeStore.in(temp.resolve("nodes"));
        try (TrustedNodes.Subscription subscription = store.onRemoval(told::add)) {
            other.delete(a.fingerprint());
            assertThat(told.poll(20, TimeUnit.SECONDS)).isEqualTo(a.fingerprint());
            // Come and gone while it watches, and again.
            for (int i = 0; i < 3; i++) {
                other.add(b.card("beta"));
                other.delete(b.fingerprint());
                assertThat(told.poll(20, TimeUnit.SECONDS)).isEqualTo(b.fingerprint());
            }
            other.add(a.card("alpha"));
            store.delete(a.fingerprint());
            // What another store has removed may be told twice: once seen to be gone, and once told of.
            assertThat(told).contains(a.fingerprint());
            assertThat(subscription).isNotNull();
        }
        BlockingQueue<Fingerprint> toldAgain = new LinkedBlockingQueue<>();
        try (TrustedNodes.Subscription again = store.onRemoval(toldAgain::add)) {
            other.add(a.card("alpha"));
            other.delete(a.fingerprint());
            assertThat(toldAgain.poll(20, TimeUnit.SECONDS)).isEqualTo(a.fingerprint());
            assertThat(again).isNotNull();
        }
    }

    @Test
    void allAreGoneWithTheirDirectory() throws Exception {
        store.add(a.card("alpha"));
        BlockingQueue<Fingerprint> told = new LinkedBlockingQueue<>();
        try (TrustedNodes.Subscription subscription = store.onRemoval(told::add)) {
            Files.move(temp.resolve("nodes"), temp.resolve("elsewhere"));
            try (Stream<Path> files = Files.list(temp.resolve("elsewhere"))) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(temp.resolve("elsewhere"));
            assertThat(told.poll(20, TimeUnit.SECONDS)).isEqualTo(a.fingerprint());
            assertThat(subscription).isNotNull();
        }
    }

    @Test
    void manyThreadsAndProcessesChangeItAtOnce() throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Adder.class.getName(),
                        temp.resolve("nodes").toString())
                .redirectErrorStream(true)
                .start();
        ExecutorService pool = Executors.newFixedThreadPool(4);
        List<Future<Node>> all = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            HostIdentity identity = identity();
            String name = "thread-" + i;
            all.add(pool.submit(() -> NodeStore.in(temp.resolve("nodes")).add(identity.card(name))));
        }
        for (Future<Node> one : all) {
            one.get();
        }
        pool.shutdown();
        String said = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor()).as(said).isZero();

        // Only one of those who wanted the name has got it.
        assertThat(store.list()).hasSize(20 + Adder.NODES);
        assertThat(store.list()).extracting(Node::name).doesNotHaveDuplicates();
    }

    static final class Adder {
        static final int NODES = 10;

        public static void main(String[] args) throws Exception {
            NodeStore store = NodeStore.in(Path.of(args[0]));
            for (int i = 0; i < NODES; i++) {
                store.add(HostIdentity.create().card("process-" + i));
            }
        }
    }

    private static HostIdentity identity() {
        try {
            return HostIdentity.create();
        } catch (java.security.GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }
}
