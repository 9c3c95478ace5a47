// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.Migration;
import io.vmmig.Migrator;
import io.vmmig.Receiver;
import io.vmmig.error.VmmigException;
import io.vmmig.event.MigrationListener;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.report.DestinationReport;
import io.vmmig.report.SourceReport;
import io.vmmig.report.Strategy;
import io.vmmig.state.HostState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Two in-memory hosts, of which the first runs a guest with a disk and with memory that can be read. */
abstract class TwoHosts {
    static final Duration SOON = Duration.ofSeconds(20);
    static final int RAM_BYTES = 16 << 20;

    @TempDir
    Path directory;

    final InMemoryTransport transport = new InMemoryTransport();
    final InMemoryHypervisor source = new InMemoryHypervisor("host-a");
    final InMemoryHypervisor destination = new InMemoryHypervisor("host-b");
    final byte[] ram = RamSnapshot.random(RAM_BYTES, 1);
    final byte[] disk;
    HostState sourceState;
    HostState destinationState;
    /** The migration stream of the paused guest. */
    byte[] saved;

    TwoHosts(int diskBytes) {
        disk = new byte[diskBytes];
        new Random(2).nextBytes(disk);
    }

    abstract byte[] stream() throws IOException;

    @BeforeEach
    final void startGuest() throws Exception {
        sourceState = HostState.open(directory.resolve("a"));
        destinationState = HostState.open(directory.resolve("b"));
        Path image = Files.write(directory.resolve("vda.raw"), disk);
        saved = stream();
        source.start(
                Domains.xml("web-1", Domains.disk("vda", image, "raw"))
                        .replace("262144", Integer.toString(RAM_BYTES >> 10)),
                saved,
                true);
    }

    @AfterEach
    final void stopBuilding() throws Exception {
        sourceState.images().references().close();
        destinationState.images().references().close();
    }

    final void showMemory() throws VmmigException {
        source.showMemory("web-1", RamSnapshot.shown(ram));
    }

    final Migrator migrator(Strategy strategy) {
        return Migrator.of(source)
                .from("web-1")
                .state(sourceState)
                .to(transport)
                .strategy(strategy)
                .inquiryTimeout(Duration.ZERO);
    }

    final Migration<DestinationReport> receive(MigrationListener listener) throws Exception {
        return Receiver.of(destination)
                .into(directory.resolve("guests"))
                .state(destinationState)
                .onEvent(listener)
                .receive(transport.accept(SOON));
    }

    /** Moves the guest, and requires that it runs at the destination with its memory. */
    final SourceReport move(Migrator migrator) throws Exception {
        Migration<SourceReport> sending = migrator.start();
        Migration<DestinationReport> receiving = receive(event -> {});
        SourceReport report = sending.await(SOON);
        receiving.await(SOON);
        assertThat(source.guests()).isEmpty();
        assertThat(destination.stateOf("web-1")).contains(GuestState.RUNNING);
        assertThat(Arrays.mismatch(destination.memoryOf("web-1").orElseThrow(), saved))
                .isEqualTo(-1);
        return report;
    }

    final SourceReport moveBack() throws Exception {
        Migration<SourceReport> sending = Migrator.of(destination)
                .from("web-1")
                .state(destinationState)
                .to(transport)
                .start();
        Migration<DestinationReport> receiving = Receiver.of(source)
                .into(directory.resolve("back"))
                .state(sourceState)
                .receive(transport.accept(SOON));
        SourceReport back = sending.await(SOON);
        receiving.await(SOON);
        return back;
    }

    final void assertThatNothingHasChanged() throws Exception {
        assertThat(source.stateOf("web-1")).contains(GuestState.RUNNING);
        assertThat(destination.guests()).isEmpty();
        Path guests = directory.resolve("guests");
        try (Stream<Path> left = Files.exists(guests) ? Files.list(guests) : Stream.empty()) {
            assertThat(left).isEmpty();
        }
    }
}
