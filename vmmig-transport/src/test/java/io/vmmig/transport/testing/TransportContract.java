// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.testing;

import static io.vmmig.transport.testing.Problems.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.bundle.PackageSummary;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.OutgoingSession;
import io.vmmig.transport.Transport;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What every {@link Transport} owes to those who use it, whether somebody waits at the other end or not. Each test takes
 * in what it sends, beside the source when the transport is live, and after it when it is not.
 */
@Timeout(60)
public abstract class TransportContract {
    private static final int DISK_BYTES = 5 << 20;

    /** A way to a destination where nothing is yet. */
    protected abstract Transport transport() throws Exception;

    /** What has arrived at that destination; waits for it when the transport is live. */
    protected abstract IncomingSession arrival() throws Exception;

    /** Fails if anything is left of what was sent. */
    protected abstract void assertNothingIsLeft() throws Exception;

    @Test
    void aPackageArrivesWhole() throws Exception {
        Transport transport = transport();
        Background<PackageSummary> live = transport.live() ? Background.run(this::takeIn) : null;
        PackageSummary sent;
        try (OutgoingSession session = transport.open()) {
            session.offer(Samples.offer());
            sent = Packages.write(session.packageStream(), Samples.offer(), DISK_BYTES);
            session.packageStream().flush();
            session.awaitReady();
            session.finish();
            session.commit();
        }
        PackageSummary received = live != null ? live.get() : takeIn();

        assertThat(received).isEqualTo(sent);
    }

    private PackageSummary takeIn() throws Exception {
        try (IncomingSession session = arrival()) {
            assertThat(session.offer()).isEqualTo(Samples.offer());
            assertThat(session.offer()).isEqualTo(Samples.offer());
            assertThat(session.description()).isNotBlank();
            session.accept(new Acceptance(Set.of()));
            session.ready();
            PackageSummary summary = Packages.read(session.packageStream());
            session.restored();
            session.awaitCommit();
            session.resumed();
            return summary;
        }
    }

    @Test
    void whatIsNotCommittedIsAborted() throws Exception {
        Transport transport = transport();
        Background<PackageSummary> live = transport.live() ? Background.run(this::takeIn) : null;
        try (OutgoingSession session = transport.open()) {
            session.offer(Samples.offer());
            Packages.write(session.packageStream(), Samples.offer(), DISK_BYTES);
            session.packageStream().flush();
            session.awaitReady();
            session.finish();
        }
        if (live != null) {
            assertThatThrownBy(live::get).satisfies(e -> assertProblem(e, Problem.PEER_FAILED));
        }
        assertNothingIsLeft();
    }

    @Test
    void anAbortMidwayLeavesNothing() throws Exception {
        Transport transport = transport();
        Background<PackageSummary> live = transport.live() ? Background.run(this::takeIn) : null;
        try (OutgoingSession session = transport.open()) {
            session.offer(Samples.offer());
            ByteArrayOutputStream whole = new ByteArrayOutputStream();
            Packages.write(whole, Samples.offer(), DISK_BYTES);
            session.packageStream().write(whole.toByteArray(), 0, whole.size() / 2);
            session.packageStream().flush();
            session.abort(Samples.failure(Problem.GUEST_BUSY));
            session.abort(null);

            assertThatThrownBy(() -> {
                        session.packageStream().write(new byte[1 << 20]);
                        session.packageStream().flush();
                    })
                    .isInstanceOf(IOException.class)
                    .cause()
                    .satisfies(e -> assertProblem(e, Problem.GUEST_BUSY));
            assertThatThrownBy(session::finish).isInstanceOf(VmmigException.class);
        }
        if (live != null) {
            assertThatThrownBy(live::get).isInstanceOf(VmmigException.class);
        }
        assertNothingIsLeft();
    }

    /** No deadline of a connection is as short as that of this test. */
    @Test
    @Timeout(15)
    void closingWaitsForNothingAndMayBeRepeated() throws Exception {
        Transport transport = transport();
        OutgoingSession session = transport.open();
        if (!transport.live()) {
            session.offer(Samples.offer());
        }
        session.close();
        session.close();
        session.abort(null);
        assertNothingIsLeft();
    }

    @Test
    void commitComesAfterFinish() throws Exception {
        try (OutgoingSession session = transport().open()) {
            assertThatThrownBy(session::commit).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> {
                        session.packageStream().write(1);
                        session.packageStream().flush();
                    })
                    .isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void aTransportCanBeUsedAgain() throws Exception {
        Transport transport = transport();
        transport.open().close();
        transport.open().close();
        assertThat(transport.description()).isNotBlank();
    }
}
