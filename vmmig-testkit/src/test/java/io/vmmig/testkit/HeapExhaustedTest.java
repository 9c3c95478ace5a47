// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.Migration;
import io.vmmig.Migrator;
import io.vmmig.Receiver;
import io.vmmig.Recovery;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.report.DestinationReport;
import io.vmmig.report.SourceReport;
import io.vmmig.state.HostState;
import io.vmmig.testkit.InMemoryHypervisor.Step;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The heap is exhausted at each step of either end: no guest is lost, runs twice or stays paused once both hosts have recovered. */
class HeapExhaustedTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String GUEST = "web-1";

    @TempDir
    Path directory;

    private final InMemoryHypervisor a = new InMemoryHypervisor("host-a");
    private final InMemoryHypervisor b = new InMemoryHypervisor("host-b");
    private final InMemoryTransport transport = new InMemoryTransport();
    private final byte[] memory = new byte[2_000_000];
    private Path guests;
    private HostState stateOfA;
    private HostState stateOfB;

    @BeforeEach
    void start() throws Exception {
        new Random(1).nextBytes(memory);
        Path image = Files.write(directory.resolve("vda.raw"), new byte[100_000]);
        a.start(Domains.xml(GUEST, Domains.disk("vda", image, "raw")), memory, true);
        guests = directory.resolve("guests");
        stateOfA = HostState.open(directory.resolve("state-of-a"));
        stateOfB = HostState.open(directory.resolve("state-of-b"));
        transport.answerFrom(Recovery.outcomesIn(stateOfB));
    }

    @AfterEach
    void stopBuilding() throws Exception {
        stateOfA.images().references().close();
        stateOfB.images().references().close();
    }

    private static void exhaustOnceAt(InMemoryHypervisor host, Step step) {
        host.before(step, () -> {
            throw new OutOfMemoryError("Java heap space");
        });
    }

    private void migrateAndRecover() throws Exception {
        Migration<SourceReport> sending = Migrator.of(a)
                .from(GUEST)
                .to(transport)
                .state(stateOfA)
                .inquiryTimeout(Duration.ZERO)
                .start();
        Migration<DestinationReport> receiving =
                Receiver.of(b).into(guests).state(stateOfB).receive(transport.accept(SOON));
        await(receiving);
        await(sending);
        // The source may have to ask a destination that has recovered.
        Recovery.of(b).state(stateOfB).asking(address -> transport).run();
        assertThat(Recovery.of(a)
                        .state(stateOfA)
                        .asking(address -> transport)
                        .run()
                        .resolved())
                .isTrue();
    }

    private static void await(Migration<?> migration) throws Exception {
        try {
            migration.await(SOON);
        } catch (VmmigException e) {
            // How it ended is judged by what is left.
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    private void assertOneWholeGuest() throws Exception {
        boolean moved = a.guests().isEmpty();
        InMemoryHypervisor here = moved ? b : a;
        assertThat((moved ? a : b).guests()).isEmpty();
        assertThat(here.stateOf(GUEST)).contains(GuestState.RUNNING);
        assertThat(here.memoryOf(GUEST)).contains(memory);
        if (moved) {
            assertThat(guests.resolve(GUEST).resolve("vda.0.raw")).exists();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"SAVE", "STREAM", "RETIRE"})
    void atTheSource(Step step) throws Exception {
        exhaustOnceAt(a, step);
        migrateAndRecover();
        assertOneWholeGuest();
    }

    @ParameterizedTest
    @EnumSource(names = {"RESTORE", "START", "FINISH", "RESUME_RESTORED", "RESUMED_RESTORED"})
    void atTheDestination(Step step) throws Exception {
        exhaustOnceAt(b, step);
        migrateAndRecover();
        assertOneWholeGuest();
    }
}
