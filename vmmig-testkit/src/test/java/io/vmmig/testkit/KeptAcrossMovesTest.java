// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vmmig.Migration;
import io.vmmig.Migrator;
import io.vmmig.Receiver;
import io.vmmig.content.Digest;
import io.vmmig.error.Phase;
import io.vmmig.error.VmmigException;
import io.vmmig.event.MigrationEvent;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.reference.ReferenceStore;
import io.vmmig.report.DestinationReport;
import io.vmmig.report.MigrationReport;
import io.vmmig.report.SourceReport;
import io.vmmig.state.HostState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What both ends keep of one move makes the next one shorter, and never makes it fail. */
@Timeout(60)
@Tag("once")
class KeptAcrossMovesTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    private Path directory;

    private final InMemoryTransport transport = new InMemoryTransport();
    private final byte[] memory = new byte[1_000_000];
    private Host a;
    private Host b;

    private record Host(InMemoryHypervisor hypervisor, Path directory, HostState state) {
        static Host in(Path directory) throws Exception {
            return new Host(
                    new InMemoryHypervisor(directory.getFileName().toString()),
                    directory,
                    HostState.open(directory.resolve("state")));
        }

        Path packages() {
            return directory.resolve("state/images/references/packages");
        }

        /** From then on nobody reads what is kept until something is moved. */
        void awaitIndexes() throws Exception {
            ReferenceStore store = state.images().references();
            for (Path file : kept()) {
                Digest seal = new Digest(file.getFileName().toString().substring(7, 71));
                store.packages()
                        .prepare(seal, store::find)
                        .toCompletableFuture()
                        .get(20, TimeUnit.SECONDS);
            }
        }

        /** The largest first, which stands upon no other. */
        List<Path> kept() {
            try (Stream<Path> files = Files.exists(packages()) ? Files.list(packages()) : Stream.empty()) {
                List<Path> kept =
                        new ArrayList<>(files.filter(file -> file.toString().endsWith(".package"))
                                .toList());
                kept.sort(Comparator.comparing((Path file) -> file.toFile().length())
                        .reversed());
                return kept;
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
    }

    @BeforeEach
    void startGuest() throws Exception {
        a = Host.in(directory.resolve("a"));
        b = Host.in(directory.resolve("b"));
        new Random(1).nextBytes(memory);
        byte[] disk = new byte[3_000_000];
        new Random(2).nextBytes(disk);
        Path image = Files.write(directory.resolve("vda.raw"), disk);
        a.hypervisor().start(Domains.xml("web-1", Domains.disk("vda", image, "raw")), memory, true);
    }

    @AfterEach
    void stopBuilding() throws Exception {
        a.state().images().references().close();
        b.state().images().references().close();
    }

    private SourceReport move(Host from, Host to) throws Exception {
        return move(from, to, phase -> {});
    }

    private SourceReport move(Host from, Host to, Consumer<Phase> onPhase) throws Exception {
        Migration<SourceReport> sending = Migrator.of(from.hypervisor())
                .from("web-1")
                .state(from.state())
                .to(transport)
                .onEvent(event -> {
                    if (event instanceof MigrationEvent.PhaseStarted started) {
                        onPhase.accept(started.phase());
                    }
                })
                .start();
        Migration<DestinationReport> receiving = Receiver.of(to.hypervisor())
                .into(to.directory().resolve("guests"))
                .state(to.state())
                .receive(transport.accept(SOON));
        try {
            return sending.await(SOON);
        } finally {
            try {
                receiving.await(SOON);
            } catch (VmmigException e) {
                assertThat(from.hypervisor().stateOf("web-1")).contains(GuestState.RUNNING);
            }
        }
    }

    private static boolean standsUponAnother(MigrationReport report) {
        return report.summary().pages().stream().anyMatch(count -> count.reference() != null);
    }

    private void assertThatItIsAt(Host host) {
        assertThat(host.hypervisor().stateOf("web-1")).contains(GuestState.RUNNING);
        assertThat(host.hypervisor().memoryOf("web-1").orElseThrow()).isEqualTo(memory);
    }

    @Test
    void whatBothEndsHaveKeptIsNotSentAgain() throws Exception {
        assertThat(standsUponAnother(move(a, b))).isFalse();
        assertThat(standsUponAnother(move(b, a))).isTrue();
        assertThat(standsUponAnother(move(a, b))).isTrue();
        assertThatItIsAt(b);
        assertThat(a.kept()).hasSize(3);
        assertThat(b.kept()).hasSize(3);
    }

    /** Bringing gigabytes to the disk takes a while, in which the guest would stand still, or be at two hosts. */
    @Test
    void aPackageIsKeptOnlyWhenTheMigrationIsResolved() throws Exception {
        List<Path> before = new ArrayList<>();
        move(a, b, phase -> {
            if (phase == Phase.RETIRE) {
                before.addAll(a.kept());
                assertThat(a.hypervisor().stateOf("web-1")).contains(GuestState.PAUSED);
            }
        });
        assertThat(before).isEmpty();
        assertThat(a.kept()).hasSize(1);
    }

    @Test
    void aGuestIsRetiredThoughItsPackageCannotBeKept() throws Exception {
        move(a, b, phase -> {
            if (phase == Phase.RETIRE) {
                deleteTree(a.packages());
            }
        });
        assertThat(a.hypervisor().guests()).isEmpty();
        assertThatItIsAt(b);
    }

    private static void deleteTree(Path root) {
        try (Stream<Path> files = Files.list(root)) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
            Files.delete(root);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aPackageWhoseBaseWasEvictedAtTheSourceIsNotReferredTo() throws Exception {
        move(a, b);
        move(b, a);
        Files.delete(a.kept().get(0));
        assertThat(standsUponAnother(move(a, b))).isFalse();
        assertThatItIsAt(b);
    }

    @Test
    void aPackageThatIsDamagedAtTheSourceIsNotReferredTo() throws Exception {
        move(a, b);
        move(b, a);
        Path second = a.kept().get(1);
        a.awaitIndexes();
        Files.write(second, new byte[0]);
        assertThat(standsUponAnother(move(a, b))).isFalse();
        assertThatItIsAt(b);
        assertThat(second).doesNotExist();
        assertThat(standsUponAnother(move(b, a))).isTrue();
        assertThatItIsAt(a);
    }

    @Test
    void aPackageThatIsDamagedAtTheDestinationCostsOneTry() throws Exception {
        move(a, b);
        move(b, a);
        Path first = b.kept().get(0);
        b.awaitIndexes();
        byte[] bytes = Files.readAllBytes(first);
        for (int at = 600_000; at < 3_000_000; at += 1000) {
            bytes[at] ^= 1;
        }
        Files.write(first, bytes);
        VmmigException failure = catchThrowableOfType(VmmigException.class, () -> move(a, b));
        assertThat(failure).isNotNull();
        assertThatItIsAt(a);
        assertThat(first).doesNotExist();
        move(a, b);
        assertThatItIsAt(b);
    }
}
