// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vmmig.Migrator;
import io.vmmig.Receiver;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.report.BaselineReport;
import io.vmmig.report.SourceReport;
import io.vmmig.state.HostState;
import io.vmmig.testkit.InMemoryHypervisor;
import io.vmmig.testkit.RamSnapshot;
import io.vmmig.transport.StoredPackage;
import io.vmmig.transport.testing.States;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A baseline goes to an HTTP server while its guest runs, and a small package that is based on it follows. */
@Tag("once")
@Timeout(120)
class BaselineOverHttpTest {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int RAM_BYTES = 16 << 20;
    private static final int PART_BYTES = 1 << 20;

    @TempDir
    Path temp;

    private final States states = new States();
    private final InMemoryHypervisor a = new InMemoryHypervisor("a");
    private final InMemoryHypervisor b = new InMemoryHypervisor("b");
    private byte[] saved;
    private HostState here;
    private HostState there;
    private HostIdentity ofB;
    private Web web;

    @BeforeEach
    void start() throws Exception {
        here = states.open(temp.resolve("a"));
        there = states.open(temp.resolve("b"));
        ofB = HostIdentity.in(temp.resolve("identity"));
        web = new Web(temp.resolve("server"));
        byte[] ram = RamSnapshot.random(RAM_BYTES, 1);
        saved = RamSnapshot.stream(RamSnapshot.changed(ram));
        a.start(
                "<domain type='qemu'><name>web-1</name><uuid>" + UUID.randomUUID() + "</uuid>"
                        + "<memory unit='KiB'>" + (RAM_BYTES >> 10) + "</memory><vcpu>1</vcpu>"
                        + "<os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>"
                        + "<devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices></domain>",
                saved,
                true);
        a.showMemory("web-1", RamSnapshot.shown(ram));
    }

    @AfterEach
    void stop() throws Exception {
        states.close();
        web.close();
    }

    private HttpPackage at(String name) throws Exception {
        return web.at(name, ofB, temp.resolve("spool")).partBytes(PART_BYTES);
    }

    private Migrator migrator() {
        return Migrator.of(a).from("web-1").state(here).sendingFreePages();
    }

    private void restore(StoredPackage stored, StoredPackage... earlier) throws Exception {
        Receiver.of(b)
                .into(temp.resolve("guests"))
                .state(there)
                .acceptingUnsigned()
                .restore(stored, earlier)
                .await(SOON);
    }

    @Test
    void whatIsBasedOnABaselineHoldsOnlyWhatHasChanged() throws Exception {
        // No guest leaves with a baseline, so nobody signs a receipt for it.
        BaselineReport monday = migrator()
                .baseline(at("monday").awaitingReceipt(Duration.ofDays(1)))
                .await(SOON);
        assertThat(a.stateOf("web-1")).contains(GuestState.RUNNING);
        assertThat(monday.summary().packageBytes()).isGreaterThan(RAM_BYTES - (1 << 20));
        SourceReport tuesday = migrator()
                .to(at("tuesday").upon(monday.seal()))
                .removingTheGuest()
                .start()
                .await(SOON);
        assertThat(tuesday.summary().packageBytes()).isLessThan(200_000);

        VmmigException refusal = catchThrowableOfType(
                VmmigException.class, () -> restore(at("tuesday").open()));
        assertThat(refusal.problem()).isEqualTo(Problem.REFERENCE_MISSING);
        restore(at("tuesday").open(), at("monday").open());
        assertThat(b.memoryOf("web-1").orElseThrow()).isEqualTo(saved);
        assertThat(temp.resolve("spool")).isEmptyDirectory();
    }

    @Test
    void aBaselineThatFailsLeavesNothing() throws Exception {
        Migrator unsigned = migrator().signedBy(claim -> {
            throw VmmigException.of(Problem.SIGNATURE_MISSING, "the key is away", "Bring it.");
        });
        VmmigException failure = catchThrowableOfType(
                VmmigException.class, () -> unsigned.baseline(at("monday")).await(SOON));
        assertThat(failure.problem()).isEqualTo(Problem.SIGNATURE_MISSING);
        assertThat(web.files()).isEmpty();
        assertThat(a.stateOf("web-1")).contains(GuestState.RUNNING);
    }
}
