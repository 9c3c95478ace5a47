// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.Failure;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.Offer;
import io.vmmig.transport.OutgoingSession;
import io.vmmig.transport.Peer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What every {@link Peer} has to do. Implementers extend this class in their tests. */
@Timeout(60)
public abstract class PeerContract {
    private static final int SOON_SECONDS = 20;

    /** For extension by tests. */
    protected PeerContract() {}

    /** The peer under test; the same one throughout a test. */
    protected abstract Peer peer() throws Exception;

    /** The next session that arrives at that peer; waits for it. The suite closes it. */
    protected abstract IncomingSession arrival() throws Exception;

    private FutureTask<byte[]> receiving() {
        return background(() -> {
            try (IncomingSession session = arrival()) {
                return receive(session);
            }
        });
    }

    private static <T> FutureTask<T> background(Callable<T> work) {
        FutureTask<T> task = new FutureTask<>(work);
        Thread thread = new Thread(task, "destination");
        thread.setDaemon(true);
        thread.start();
        return task;
    }

    private static byte[] receive(IncomingSession session) throws Exception {
        session.awaitOffer();
        assertThat(session.offer()).isEqualTo(ContractSample.offer());
        assertThat(session.offer()).isEqualTo(ContractSample.offer());
        assertThat(session.description()).isNotBlank();
        session.accept(new Acceptance(Set.of()));
        session.ready();
        byte[] received = session.packageStream().readAllBytes();
        session.restored();
        session.awaitCommit();
        session.resumed();
        return received;
    }

    /** A stream's {@link IOException} has it as its cause. */
    private static VmmigException failure(Throwable thrown) {
        Throwable known = thrown instanceof IOException ? thrown.getCause() : thrown;
        assertThat(known).isInstanceOf(VmmigException.class);
        return Objects.requireNonNull((VmmigException) known);
    }

    private static void sendAll(OutgoingSession session) throws Exception {
        session.offer(ContractSample.offer());
        session.packageStream().write(ContractSample.content());
        session.packageStream().flush();
        session.awaitReady();
        session.finish();
    }

    @Test
    void aPackageArrivesWhole() throws Exception {
        FutureTask<byte[]> receiving = receiving();
        try (OutgoingSession session = peer().open()) {
            sendAll(session);
            session.commit();
        }
        assertThat(receiving.get(SOON_SECONDS, TimeUnit.SECONDS)).isEqualTo(ContractSample.content());
    }

    /** Each has a stream of its own, which ends where it ends. */
    @Test
    void baselinesPrecedeThePackage() throws Exception {
        Offer sample = ContractSample.offer();
        Offer baseline = new Offer(sample.manifest().asBaseline(), sample.domainXml());
        FutureTask<List<byte[]>> receiving = background(() -> {
            try (IncomingSession session = arrival()) {
                List<byte[]> received = new ArrayList<>();
                for (int i = 0; i < 2; i++) {
                    assertThat(session.offer()).isEqualTo(baseline);
                    session.accept(new Acceptance(Set.of()));
                    received.add(session.packageStream().readAllBytes());
                    session.ready();
                }
                received.add(receive(session));
                return received;
            }
        });
        try (OutgoingSession session = peer().open()) {
            for (byte[] content : List.of(ContractSample.content(), new byte[] {1, 2, 3})) {
                session.offer(baseline);
                session.packageStream().write(content);
                session.packageStream().flush();
                session.awaitReady();
            }
            sendAll(session);
            session.commit();
        }
        assertThat(receiving.get(SOON_SECONDS, TimeUnit.SECONDS))
                .containsExactly(ContractSample.content(), new byte[] {1, 2, 3}, ContractSample.content());
    }

    @Test
    void withoutCommitTheGuestIsNotHandedOver() throws Exception {
        FutureTask<byte[]> receiving = receiving();
        try (OutgoingSession session = peer().open()) {
            sendAll(session);
        }
        assertThatThrownBy(() -> receiving.get(SOON_SECONDS, TimeUnit.SECONDS))
                .cause()
                .satisfies(e -> assertThat(failure(e).problem()).isEqualTo(Problem.PEER_FAILED));
    }

    @Test
    void anAbortMidwayEndsBothSides() throws Exception {
        FutureTask<byte[]> receiving = receiving();
        try (OutgoingSession session = peer().open()) {
            session.offer(ContractSample.offer());
            session.packageStream().write(new byte[1 << 20]);
            session.packageStream().flush();
            session.abort(Failure.of(Problem.GUEST_BUSY, "the guest is busy", ""));
            session.abort(null);

            assertThatThrownBy(() -> {
                        session.packageStream().write(new byte[1 << 20]);
                        session.packageStream().flush();
                    })
                    .isInstanceOf(IOException.class)
                    .satisfies(e -> assertThat(failure(e).problem()).isEqualTo(Problem.GUEST_BUSY));
            assertThatThrownBy(session::finish).isInstanceOf(VmmigException.class);
        }
        assertThatThrownBy(() -> receiving.get(SOON_SECONDS, TimeUnit.SECONDS))
                .cause()
                .satisfies(PeerContract::failure);
    }

    /** No deadline of a connection is as short as that of this test. */
    @Test
    @Timeout(15)
    void closingWaitsForNothingAndMayBeRepeated() throws Exception {
        OutgoingSession session = peer().open();
        session.close();
        session.close();
        session.abort(null);
    }

    @Test
    void theOrderIsChecked() throws Exception {
        try (OutgoingSession session = peer().open()) {
            assertThatThrownBy(session::commit).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> {
                        session.packageStream().write(1);
                        session.packageStream().flush();
                    })
                    .isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void aPeerCanBeUsedAgain() throws Exception {
        Peer peer = peer();
        peer.open().close();
        peer.open().close();
        assertThat(peer.description()).isNotBlank();
    }
}
