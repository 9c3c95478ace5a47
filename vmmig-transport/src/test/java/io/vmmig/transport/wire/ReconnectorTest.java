// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import static io.vmmig.transport.testing.Problems.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.crypto.Fingerprint;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.testing.Background;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How the two ends get another connection. */
@Tag("once")
@Timeout(30)
class ReconnectorTest {
    private static final Duration SHORT = Duration.ofSeconds(2);
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final Fingerprint SOURCE = new Fingerprint("a".repeat(64));

    private static ResumableChannel broken(ReconnectStrategy reconnecting) throws Exception {
        FakeConnection first = FakeConnection.broken();
        ResumableChannel channel = new ResumableChannel(first, "the peer", LONG, reconnecting);
        channel.agree(new Resumption(LONG, SessionId.random()));
        channel.broken(first, new IOException("it broke"));
        return channel;
    }

    private static VmmigException problem(Problem problem) {
        return VmmigException.of(problem, "because of " + problem, "");
    }

    @Test
    void theSourceCallsAgainWithLongerAndLongerPauses() throws Exception {
        List<Long> calls = new ArrayList<>();
        ResumableChannel channel = broken(new Reconnector(
                within -> {
                    calls.add(System.nanoTime());
                    throw problem(Problem.PEER_UNREACHABLE);
                },
                SHORT,
                LONG));

        assertThatThrownBy(channel::connection)
                .cause()
                .satisfies(e -> assertProblem(e, Problem.CONNECTION_LOST))
                .hasMessageContaining("it broke")
                .hasMessageContaining("because of PEER_UNREACHABLE");
        // At once, and after 100, 200, 400 and 800 ms.
        assertThat(calls).hasSizeBetween(2, 5);
        for (int i = 1; i < calls.size(); i++) {
            assertThat(calls.get(i) - calls.get(i - 1))
                    .isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(100L << (i - 1)));
        }
    }

    /** Anybody may answer at the address of the destination. */
    @ParameterizedTest
    @EnumSource(names = {"PEER_UNTRUSTED", "PROTOCOL_MISMATCH", "PEER_FAILED"})
    void aRefusalBySomebodyElseDoesNotEndTheSession(Problem problem) throws Exception {
        FakeConnection second = new FakeConnection(new Frame(Kind.REJOINED, Messages.rejoined(0)).toBytes(), false);
        AtomicInteger calls = new AtomicInteger();
        ResumableChannel channel = broken(new Reconnector(
                within -> {
                    if (calls.incrementAndGet() == 1) {
                        throw problem(problem);
                    }
                    return second;
                },
                LONG,
                LONG));

        assertThat(channel.connection()).isSameAs(second);
        assertThat(calls).hasValue(2);
    }

    @Test
    void aRefusalByTheDestinationItselfEndsTheSession() throws Exception {
        List<Duration> calls = new ArrayList<>();
        ResumableChannel channel = broken(new Reconnector(
                within -> {
                    calls.add(within);
                    throw new PeerAbortedException(
                            problem(Problem.PEER_UNTRUSTED).failure());
                },
                LONG,
                SHORT));

        assertThatThrownBy(channel::connection).cause().satisfies(e -> assertProblem(e, Problem.PEER_UNTRUSTED));
        assertThat(calls).containsExactly(SHORT);
    }

    @Test
    void theSourceSaysWhichSessionAndHowMuchItHasAndBelievesTheAnswer() throws Exception {
        FakeConnection second = new FakeConnection(new Frame(Kind.REJOINED, Messages.rejoined(0)).toBytes(), false);
        Reconnector redialling = new Reconnector(within -> second, LONG, LONG);
        FakeConnection first = FakeConnection.broken();
        ResumableChannel channel = new ResumableChannel(first, "the peer", LONG, redialling);
        SessionId id = SessionId.random();
        channel.agree(new Resumption(LONG, id));
        channel.took(first, 17);
        channel.broken(first, new IOException("it broke"));

        assertThat(channel.connection()).isSameAs(second);

        DataInputStream said = new DataInputStream(new ByteArrayInputStream(second.taken.toByteArray()));
        assertThat(said.read()).isEqualTo(Kind.REJOIN.code());
        assertThat(Messages.readRejoin(said.readNBytes(said.readInt())))
                .isEqualTo(new Messages.Rejoin(id, 1, 17, false));
    }

    @Test
    void anAnswerThatCannotBeIsAViolation() throws Exception {
        FakeConnection second = new FakeConnection(new Frame(Kind.REJOINED, Messages.rejoined(1)).toBytes(), false);
        ResumableChannel channel = broken(new Reconnector(within -> second, LONG, LONG));

        assertThatThrownBy(channel::connection).cause().satisfies(e -> assertProblem(e, Problem.PROTOCOL_VIOLATION));
        assertThat(second.cut).isTrue();
    }

    @Test
    void aDestinationThatHasForgottenIsNotAskedAgain() throws Exception {
        FakeConnection second = new FakeConnection(
                new Frame(
                                Kind.REFUSE,
                                Messages.refuse(WireErrors.nothingToRejoin().failure()))
                        .toBytes(),
                false);
        ResumableChannel channel = broken(new Reconnector(within -> second, LONG, LONG));

        assertThatThrownBy(channel::connection)
                .cause()
                .satisfies(e -> assertProblem(e, Problem.CONNECTION_LOST))
                .hasMessageContaining("no longer knows that transfer");
    }

    @Test
    void theEndFreesASourceThatPauses() throws Exception {
        ResumableChannel channel = broken(new Reconnector(
                within -> {
                    throw problem(Problem.PEER_UNREACHABLE);
                },
                LONG,
                LONG));
        Background<Connection> reader = Background.run(channel::connection);
        channel.close();
        assertThatThrownBy(() -> reader.get(10)).isInstanceOf(IOException.class);
    }

    private static FramedConnection link(Sessions sessions, FakeConnection connection) throws Exception {
        return link(sessions, connection, SOURCE);
    }

    private static FramedConnection link(Sessions sessions, FakeConnection connection, Fingerprint source)
            throws Exception {
        Sessions.Member member = sessions.begin(source);
        FramedConnection link = new FramedConnection(connection, "the peer", Timeouts.DEFAULT, new Silent(), member);
        member.enter(link);
        link.channel().agree(new Resumption(LONG, null));
        return link;
    }

    /** Has nothing to say. */
    private static final class Silent implements Conversation {
        @Override
        public void onControl(Kind kind, byte[] payload) {}

        @Override
        public void onData(java.io.InputStream in, int length) {}

        @Override
        public Frame farewell(io.vmmig.error.Failure reason) {
            return null;
        }

        @Override
        public void onEnd(VmmigException reason) {}
    }

    @Test
    void onlySoManySessionsAreKeptWithoutAConnection() throws Exception {
        Sessions sessions = new Sessions(LONG);
        List<FramedConnection> links = new ArrayList<>();
        // Half of them are for other sources.
        for (int i = 0; i <= Sessions.MAX_SUSPENDED / 2; i++) {
            FakeConnection connection = FakeConnection.broken();
            FramedConnection link = link(sessions, connection);
            links.add(link);
            if (i < Sessions.MAX_SUSPENDED / 2) {
                link.channel().broken(connection, new IOException("it broke"));
            } else {
                assertThatThrownBy(() -> link.channel().broken(connection, new IOException("one too many")))
                        .hasMessage("one too many");
                FakeConnection another = FakeConnection.broken();
                FramedConnection ofAnother = link(sessions, another, new Fingerprint("b".repeat(64)));
                ofAnother.channel().broken(another, new IOException("it broke"));
                links.add(ofAnother);
                links.get(0).channel().close();
                link.channel().broken(connection, new IOException("not any more"));
            }
        }
        links.forEach(link -> link.channel().close());
    }

    @Test
    void nobodyComesBackToAListenerThatIsClosed() throws Exception {
        Sessions sessions = new Sessions(LONG);
        FakeConnection connection = FakeConnection.broken();
        ResumableChannel channel = link(sessions, connection).channel();
        channel.broken(connection, new IOException("it broke"));
        Background<Connection> reader = Background.run(channel::connection);
        sessions.close();

        assertThatThrownBy(() -> reader.get(10)).cause().satisfies(e -> assertProblem(e, Problem.CONNECTION_LOST));
        FakeConnection other = FakeConnection.broken();
        ResumableChannel late = link(sessions, other).channel();
        assertThatThrownBy(() -> late.broken(other, new IOException("late"))).hasMessage("late");
    }

    @Test
    void aSourceThatDoesNotComeIsNotWaitedForLongerThanBothHaveAgreed() throws Exception {
        Sessions sessions = new Sessions(LONG);
        FakeConnection connection = FakeConnection.broken();
        Sessions.Member member = sessions.begin(SOURCE);
        ResumableChannel channel = new ResumableChannel(connection, "the peer", LONG, member);
        channel.agree(new Resumption(Duration.ofMillis(50), null));
        channel.broken(connection, new IOException("it broke"));

        assertThatThrownBy(channel::connection)
                .cause()
                .satisfies(e -> assertProblem(e, Problem.CONNECTION_LOST))
                .hasMessageContaining("50 ms");
    }
}
