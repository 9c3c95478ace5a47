// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.Migration;
import io.vmmig.Migrator;
import io.vmmig.Receiver;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.report.DestinationReport;
import io.vmmig.report.SourceReport;
import io.vmmig.testkit.InMemoryHypervisor;
import io.vmmig.transport.testing.States;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A source whose destination is busy waits for it, and knows that it lives. */
@Timeout(60)
class QueuedArrivalTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final Duration IDLE = Duration.ofMillis(250);
    private static final String XML = "<domain type='qemu'><name>web-1</name><uuid>" + UUID.randomUUID() + "</uuid>"
            + "<memory unit='KiB'>262144</memory><vcpu>1</vcpu>"
            + "<os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>"
            + "<devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices></domain>";

    @TempDir
    Path temp;

    private final States states = new States();

    @AfterEach
    void stopBuilding() throws Exception {
        states.close();
    }

    @Test
    void aSourceDoesNotTimeOutWhileItsGuestWaitsToBeAdmittedThere() throws Exception {
        HostIdentity a = HostIdentity.in(temp.resolve("a"));
        HostIdentity b = HostIdentity.in(temp.resolve("b"));
        InMemoryHypervisor from = new InMemoryHypervisor("a");
        InMemoryHypervisor to = new InMemoryHypervisor("b");
        from.start(XML, new byte[100_000], true);
        Semaphore busy = new Semaphore(0);
        try (TlsListener listener = TlsListener.on("127.0.0.1", 0)
                .as(b)
                .trusting(Set.of(a.fingerprint()))
                .idleTimeout(IDLE)
                .listen()) {
            Migration<SourceReport> sending = Migrator.of(from)
                    .from("web-1")
                    .state(states.open(temp.resolve("state-a")))
                    .to(TlsTransport.to("127.0.0.1", listener.port())
                            .as(a)
                            .trusting(b.fingerprint())
                            .idleTimeout(IDLE))
                    .start();
            Migration<DestinationReport> receiving = Receiver.of(to)
                    .into(temp.resolve("guests"))
                    .state(states.open(temp.resolve("state-b")))
                    .admittedBy(busy)
                    .receive(listener.accept(SOON));

            assertThatThrownBy(() -> sending.await(IDLE.multipliedBy(6))).isInstanceOf(TimeoutException.class);
            assertThat(from.stateOf("web-1")).contains(GuestState.RUNNING);
            busy.release();
            receiving.await(SOON);
            sending.await(SOON);
        }
        assertThat(to.stateOf("web-1")).contains(GuestState.RUNNING);
    }
}
