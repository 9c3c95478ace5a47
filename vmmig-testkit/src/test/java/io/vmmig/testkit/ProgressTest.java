// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vmmig.Migration;
import io.vmmig.Migrator;
import io.vmmig.Receiver;
import io.vmmig.error.Phase;
import io.vmmig.error.Problem;
import io.vmmig.error.TransportException;
import io.vmmig.error.VmmigException;
import io.vmmig.event.MigrationEvent;
import io.vmmig.report.DestinationReport;
import io.vmmig.report.MigrationReport;
import io.vmmig.report.SourceReport;
import io.vmmig.state.HostState;
import io.vmmig.transport.Outcome;
import io.vmmig.transport.OutgoingSession;
import io.vmmig.transport.Peer;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ProgressTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    /** As many as the domain XML says. */
    private static final int PAGES = 65_536;

    private static final int PAGE_BYTES = 4096;

    @TempDir
    private Path directory;

    private final InMemoryHypervisor a = new InMemoryHypervisor("host-a");
    private final InMemoryHypervisor b = new InMemoryHypervisor("host-b");
    private final InMemoryTransport transport = new InMemoryTransport();
    private final List<MigrationEvent> atSource = new CopyOnWriteArrayList<>();
    private final List<MigrationEvent> atDestination = new CopyOnWriteArrayList<>();
    private HostState stateOfA;
    private HostState stateOfB;

    @BeforeEach
    void open() throws Exception {
        stateOfA = HostState.open(directory.resolve("state-of-a"));
        stateOfB = HostState.open(directory.resolve("state-of-b"));
    }

    @AfterEach
    void stopBuilding() throws Exception {
        stateOfA.images().references().close();
        stateOfB.images().references().close();
    }

    /** As QEMU writes a guest of 256 MiB of which nearly all is empty: a page of zeros takes nine bytes. */
    private static byte[] mostlyEmpty() {
        Random random = new Random(1);
        byte[] page = new byte[PAGE_BYTES];
        byte[] name = "pc.ram".getBytes(StandardCharsets.US_ASCII);
        ByteBuffer stream = ByteBuffer.allocate(4_000_000);
        stream.putInt(0x5145564d).putInt(3);
        stream.put((byte) 1).putInt(2).putInt(0x0372616d).putInt(0).putInt(4);
        stream.putLong((long) PAGES * PAGE_BYTES | 4);
        stream.put((byte) name.length).put(name).putLong((long) PAGES * PAGE_BYTES);
        stream.putLong(0x10).put((byte) 0x7e).putInt(2);
        stream.put((byte) 3).putInt(2);
        for (long i = 0; i < PAGES; i++) {
            boolean zeros = i % 100 != 0;
            stream.putLong(i * PAGE_BYTES | (i == 0 ? 0 : 0x20) | (zeros ? 0x02 : 0x08));
            if (i == 0) {
                stream.put((byte) name.length).put(name);
            }
            if (zeros) {
                stream.put((byte) 0);
            } else {
                random.nextBytes(page);
                stream.put(page);
            }
        }
        stream.putLong(0x10).put((byte) 0x7e).putInt(2).put((byte) 0);
        return Arrays.copyOf(stream.array(), stream.position());
    }

    private Migrator migrator() {
        return Migrator.of(a).state(stateOfA).from("web-1").onEvent(atSource::add);
    }

    private Migration<DestinationReport> receive() throws Exception {
        return Receiver.of(b)
                .into(directory.resolve("guests"))
                .state(stateOfB)
                .onEvent(atDestination::add)
                .receive(transport.accept(SOON));
    }

    private static List<MigrationEvent.Progress> progress(List<MigrationEvent> events) {
        List<MigrationEvent.Progress> all = new ArrayList<>();
        for (MigrationEvent event : events) {
            if (event instanceof MigrationEvent.Progress one) {
                all.add(one);
            }
        }
        return all;
    }

    @Test
    void isOneFractionThatGrowsFromTheFirstMomentToTheLast() throws Exception {
        Path disk = Files.write(directory.resolve("vda.raw"), new byte[3_000_000]);
        a.start(Domains.xml("web-1", Domains.disk("vda", disk, "raw")), mostlyEmpty(), true);

        Migration<SourceReport> sending = migrator().to(transport).start();
        DestinationReport received = receive().await(SOON);
        SourceReport sent = sending.await(SOON);

        assertComplete(atSource, sent);
        assertComplete(atDestination, received);
        assertThat(progress(atSource))
                .extracting(MigrationEvent.Progress::phase)
                .contains(Phase.PREPARE, Phase.CONNECT, Phase.OFFER, Phase.SNAPSHOT, Phase.RETIRE);
        assertThat(progress(atSource))
                .filteredOn(one -> one.phase() == Phase.PREPARE)
                .extracting(MigrationEvent.Progress::doing)
                .contains("trying the connection to another host in memory");
        assertThat(progress(atDestination))
                .filteredOn(one -> one.phase() == Phase.OFFER)
                .extracting(MigrationEvent.Progress::doing)
                .contains("checking whether this host can take the guest");
    }

    private static void assertComplete(List<MigrationEvent> events, MigrationReport report) {
        List<MigrationEvent.Progress> all = progress(events);
        assertThat(all).isNotEmpty().allSatisfy(one -> {
            assertThat(one.remaining()).isNotNull();
            assertThat(one.doing()).isNotBlank();
            assertThat(one.fraction()).isBetween(0.0, 1.0);
        });
        assertThat(all).extracting(MigrationEvent.Progress::fraction).isSorted();
        MigrationEvent.Progress last = all.get(all.size() - 1);
        assertThat(last.fraction()).isEqualTo(1);
        assertThat(last.remaining()).isEqualTo(Duration.ZERO);
        assertThat(events.get(events.size() - 1))
                .isInstanceOfSatisfying(MigrationEvent.Done.class, done -> assertThat(done.report())
                        .isEqualTo(report));

        List<MigrationEvent.Progress> ofMemory =
                all.stream().filter(one -> one.phase() == Phase.SNAPSHOT).toList();
        MigrationEvent.Progress end = ofMemory.get(ofMemory.size() - 1);
        assertThat(end.bytesDone()).isGreaterThanOrEqualTo((long) PAGES * PAGE_BYTES);
        assertThat(end.remaining()).as("what the phases after it take").isLessThan(Duration.ofSeconds(1));
        long millis = report.summary().phases().stream()
                .filter(timing -> timing.phase() == Phase.SNAPSHOT)
                .findFirst()
                .orElseThrow()
                .lengthMillis();
        assertThat(ofMemory).as("ten a second, and one at each end").hasSizeLessThanOrEqualTo((int) (3 + millis / 100));
    }

    @Test
    void theLastEventSaysWhyItFailed() throws Exception {
        a.start(Domains.xml("web-1"), mostlyEmpty(), true);
        a.fail(InMemoryHypervisor.Step.STREAM);
        Migration<SourceReport> sending = migrator().to(transport).start();
        Migration<DestinationReport> receiving = receive();

        VmmigException here = catchThrowableOfType(VmmigException.class, () -> sending.await(SOON));
        VmmigException there = catchThrowableOfType(VmmigException.class, () -> receiving.await(SOON));

        assertFailed(atSource, here);
        assertFailed(atDestination, there);
    }

    private static void assertFailed(List<MigrationEvent> events, VmmigException thrown) {
        assertThat(events.get(events.size() - 1))
                .isInstanceOfSatisfying(MigrationEvent.Failed.class, failed -> assertThat(failed.reason())
                        .isInstanceOfSatisfying(VmmigException.class, reason -> assertThat(reason.failure())
                                .isEqualTo(thrown.failure())));
        assertThat(progress(events))
                .extracting(MigrationEvent.Progress::fraction)
                .isSorted()
                .doesNotContain(1.0);
    }

    /** Of a guest that cannot be prepared at all. */
    @Test
    void theConnectionIsTriedBeforeTheGuestsDisksAreLookedAt() throws Exception {
        Path missing = directory.resolve("missing.qcow2");
        a.start(Domains.xml("web-1", Domains.disk("vda", missing, "qcow2")), mostlyEmpty(), true);
        Peer unreachable = new Peer() {
            @Override
            public void requireReachable() throws VmmigException {
                throw new TransportException(Problem.PEER_UNREACHABLE, "nobody is there", "");
            }

            @Override
            public OutgoingSession open() {
                throw new AssertionError("it is not there");
            }

            @Override
            public String description() {
                return "nobody";
            }

            @Override
            public Optional<String> address() {
                return Optional.empty();
            }

            @Override
            public Outcome outcomeOf(UUID packageId) {
                return Outcome.UNHEARD_OF;
            }
        };

        VmmigException e = catchThrowableOfType(
                VmmigException.class, () -> migrator().to(unreachable).start().await(SOON));

        assertThat(e.problem()).isEqualTo(Problem.PEER_UNREACHABLE);
        assertThat(e.failure().phase()).isEqualTo(Phase.PREPARE);
    }

    @Test
    void whatStaysAtTheSourceIsReported() throws Exception {
        Path disk = Files.write(directory.resolve("vda.raw"), new byte[300_000]);
        a.start(Domains.xml("web-1", Domains.disk("vda", disk, "raw")), mostlyEmpty(), true);
        Migration<SourceReport> sending = migrator().to(transport).start();
        DestinationReport received = receive().await(SOON);
        SourceReport sent = sending.await(SOON);

        assertThat(sent.leftAtSource()).as("its user made it").containsExactly(disk);
        assertThat(sent.toJson()).contains("\"leftAtSource\"");
        assertThat(received.toJson()).doesNotContain("leftAtSource");

        Migration<SourceReport> back =
                Migrator.of(b).state(stateOfB).from("web-1").to(transport).start();
        Receiver.of(a)
                .into(directory.resolve("home"))
                .state(stateOfA)
                .receive(transport.accept(SOON))
                .await(SOON);
        assertThat(back.await(SOON).leftAtSource()).as("vmmig made it").isEmpty();
    }
}
