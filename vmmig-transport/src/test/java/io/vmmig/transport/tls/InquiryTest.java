// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.crypto.Fingerprint;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.HandOverOutcomes;
import io.vmmig.transport.Outcome;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A source that asks what became of a guest. */
@Timeout(60)
class InquiryTest {
    private static final UUID PACKAGE = UUID.randomUUID();

    @TempDir
    Path temp;

    private HostIdentity source;
    private HostIdentity destination;

    @BeforeEach
    void makeHosts() throws Exception {
        source = HostIdentity.in(temp.resolve("source"));
        destination = HostIdentity.in(temp.resolve("destination"));
    }

    private TlsListener.Ready ready(Fingerprint trusted) {
        return TlsListener.on("127.0.0.1", 0).as(destination).trusting(Set.of(trusted));
    }

    private TlsTransport transport(int port) throws Exception {
        return TlsTransport.to("127.0.0.1:" + port).as(source).trusting(destination.fingerprint());
    }

    private static void assertProblem(Problem problem, ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOfSatisfying(VmmigException.class, e -> assertThat(e.problem())
                .as(e.getMessage())
                .isEqualTo(problem));
    }

    @ParameterizedTest
    @EnumSource
    void theAnswerIsWhatIsRecorded(Outcome outcome) throws Exception {
        List<UUID> asked = Collections.synchronizedList(new ArrayList<>());
        HandOverOutcomes book = (packageId, asker) -> {
            asked.add(packageId);
            return outcome;
        };
        try (TlsListener listener = ready(source.fingerprint()).answering(book).listen()) {
            TlsTransport transport = transport(listener.port());

            assertThat(transport.outcomeOf(PACKAGE)).isEqualTo(outcome);
            assertThat(transport.outcomeOf(PACKAGE)).isEqualTo(outcome);
            assertThat(TlsTransport.to(transport.address().orElseThrow())
                            .as(source)
                            .trusting(destination.fingerprint())
                            .outcomeOf(PACKAGE))
                    .isEqualTo(outcome);
        }
        assertThat(asked).containsExactly(PACKAGE, PACKAGE, PACKAGE);
    }

    @Test
    void aHostThatKeepsNoNotesHasHeardOfNothing() throws Exception {
        try (TlsListener listener = ready(source.fingerprint()).listen()) {
            assertThat(transport(listener.port()).outcomeOf(PACKAGE)).isEqualTo(Outcome.UNHEARD_OF);
        }
    }

    @Test
    void aStrangerIsToldNothing() throws Exception {
        List<UUID> asked = Collections.synchronizedList(new ArrayList<>());
        HandOverOutcomes book = (packageId, asker) -> {
            asked.add(packageId);
            return Outcome.NOT_TAKEN;
        };
        HostIdentity other = HostIdentity.in(temp.resolve("other"));
        try (TlsListener listener = ready(other.fingerprint())
                .introducing("b", card -> {})
                .answering(book)
                .listen()) {
            assertProblem(
                    Problem.PEER_UNTRUSTED, () -> transport(listener.port()).outcomeOf(PACKAGE));
        }
        assertThat(asked).isEmpty();
    }

    /** The book has to know, since only the source that a package came from is to be answered. */
    @Test
    void theBookIsToldWhichHostAsks() throws Exception {
        List<Optional<String>> askers = Collections.synchronizedList(new ArrayList<>());
        HandOverOutcomes book = (packageId, asker) -> {
            askers.add(asker);
            return Outcome.TAKEN;
        };
        try (TlsListener listener = ready(source.fingerprint()).answering(book).listen()) {
            transport(listener.port()).outcomeOf(PACKAGE);
        }
        assertThat(askers).containsExactly(Optional.of(source.fingerprint().toString()));
    }

    @Test
    void notesThatCannotBeReadAreSaidToBeSo() throws Exception {
        HandOverOutcomes book = (packageId, asker) -> {
            throw VmmigException.of(Problem.JOURNAL_DAMAGED, "the journal is damaged", "Look yourself.");
        };
        try (TlsListener listener = ready(source.fingerprint()).answering(book).listen()) {
            assertThatThrownBy(() -> transport(listener.port()).outcomeOf(PACKAGE))
                    .hasMessageContaining("refused the inquiry: the journal is damaged")
                    .hasMessageContaining("JOURNAL_DAMAGED");
        }
    }

    @Test
    void nobodyThere() throws Exception {
        int port;
        try (ServerSocket server = RawPeer.listen()) {
            port = server.getLocalPort();
        }
        assertProblem(Problem.PEER_UNREACHABLE, () -> transport(port).outcomeOf(PACKAGE));
    }

    @Test
    void somebodyWhoSaysNothing() throws Exception {
        try (ServerSocket server = RawPeer.listen()) {
            assertProblem(Problem.PEER_STALLED, () -> transport(server.getLocalPort())
                    .connectTimeout(Duration.ofMillis(300))
                    .outcomeOf(PACKAGE));
        }
    }

    /** So a source learns in time that it prepares in vain. */
    @Test
    void whoeverCannotBeReachedOrTrustedIsKnownWithoutASession() throws Exception {
        HostIdentity other = HostIdentity.in(temp.resolve("other"));
        try (TlsListener listener = ready(source.fingerprint())
                .answering((packageId, asker) -> {
                    throw VmmigException.of(Problem.JOURNAL_DAMAGED, "the journal is damaged", "");
                })
                .listen()) {
            transport(listener.port()).requireReachable();
            assertProblem(Problem.PEER_STALLED, () -> listener.accept(Duration.ofMillis(100)));
        }
        assertProblem(Problem.PEER_UNREACHABLE, () -> transport(1).requireReachable());
        try (TlsListener listener = ready(other.fingerprint()).listen()) {
            assertProblem(
                    Problem.PEER_UNTRUSTED, () -> transport(listener.port()).requireReachable());
        }
    }

    @Test
    void anAddressIsAHostAndAPort() throws Exception {
        for (String bad : new String[] {"", "host", "host:", ":1", "host:0", "host:65536", "host:x", "host:-1"}) {
            assertProblem(Problem.REQUEST_INVALID, () -> TlsTransport.to(bad));
        }
        for (String good : new String[] {"host-b:16550", "10.0.0.1:1", "[::1]:65535"}) {
            assertThat(TlsTransport.to(good)
                            .as(source)
                            .trusting(destination.fingerprint())
                            .address())
                    .contains(good);
        }
    }
}
