// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import static io.vmmig.transport.testing.Problems.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.testing.Background;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A line whose connections are made up: what is read from it and what is put on them, wherever they break. */
@Tag("once")
@Timeout(30)
class ResumableChannelTest {
    private static final Duration LONG = Duration.ofSeconds(10);

    /** Connections that are there at once, one after the other. */
    private static final class Next implements ReconnectStrategy {
        final Deque<Connection> next = new ArrayDeque<>();
        long peerHas;
        long told = -1;
        boolean lastWords;

        @Override
        public Resumption offered() {
            return new Resumption(LONG, null);
        }

        @Override
        public void agreed(Resumption theirs) {}

        @Override
        public Duration limit() {
            return LONG;
        }

        @Override
        public boolean suspend() {
            return true;
        }

        @Override
        public void await(ResumableChannel channel, long since) throws VmmigException {
            Connection connection = next.poll();
            if (connection == null) {
                throw WireErrors.notResumed(channel.lost(), "there is no other", null);
            }
            try {
                told = channel.received();
                channel.rewind(peerHas);
                channel.resume(connection, 0);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public void resumed() {}

        @Override
        public void farewellUnheard(Frame farewell) {}

        @Override
        public boolean keepsLastWords() {
            return lastWords;
        }

        @Override
        public void close() {}
    }

    private final Next next = new Next();

    private ResumableChannel channel(Connection first) throws VmmigException {
        ResumableChannel channel = new ResumableChannel(first, "the peer", LONG, next);
        channel.agree(new Resumption(LONG, null));
        return channel;
    }

    private static byte[] frames(Random random, int count, boolean withAsides) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (int i = 0; i < count; i++) {
            byte[] payload = new byte[random.nextInt(9)];
            random.nextBytes(payload);
            all.write(new Frame(Kind.DATA, payload).toBytes());
            if (withAsides) {
                all.write(Frame.empty(Kind.HEARTBEAT).toBytes());
                all.write(new Frame(Kind.ACK, Messages.ack(0)).toBytes());
            }
        }
        return all.toByteArray();
    }

    /** The peer may close when it has what it wanted, before whoever sent that has come back. */
    @Test
    void whatWasSentBeforeTheEndWasSent() throws Exception {
        ResumableChannel channel = channel(new FakeConnection(new byte[0], false));
        byte[] frame = Frame.empty(Kind.COMMIT).toBytes();
        channel.keep(frame, frame.length);
        assertThat(channel.next()).isNotNull();
        channel.close();
        assertThat(channel.next()).isNull();

        channel.keep(frame, frame.length);
        assertThatThrownBy(channel::next).isInstanceOf(IOException.class).hasMessageContaining("closed");
    }

    @Test
    void whoHasSomethingToSayThatMustNotBeLostWaitsForAConnectionOrTheEnd() throws Exception {
        FakeConnection first = new FakeConnection(new byte[0], false);
        FakeConnection second = new FakeConnection(new byte[0], false);
        ResumableChannel channel = channel(first);
        channel.awaitConnected();

        channel.broken(first, new IOException("it broke"));
        Background<Void> waiting = awaitingConnection(channel);
        assertThat(waiting.isDone()).isFalse();
        channel.resume(second, 0);
        waiting.get();

        channel.broken(second, new IOException("it broke"));
        waiting = awaitingConnection(channel);
        assertThat(waiting.isDone()).isFalse();
        channel.close();
        waiting.get();
    }

    private static Background<Void> awaitingConnection(ResumableChannel channel) {
        return Background.run(() -> {
            channel.awaitConnected();
            return null;
        });
    }

    private static byte[] readAll(ResumableChannel channel) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        DataInputStream in = new DataInputStream(new FrameInput(channel));
        byte[] some = new byte[3];
        for (int n = in.read(some); n >= 0; n = in.read(some)) {
            all.write(some, 0, n);
        }
        return all.toByteArray();
    }

    @Test
    void framesComeWholeWhereverAConnectionBreaks() throws Exception {
        byte[] stream = frames(new Random(1), 12, false);
        for (int cut = 0; cut <= stream.length; cut++) {
            for (int again = cut; again <= stream.length; again += 7) {
                next.next.add(new FakeConnection(Arrays.copyOfRange(stream, cut, again), false));
                next.next.add(new FakeConnection(Arrays.copyOfRange(stream, again, stream.length), true));
                ResumableChannel channel = channel(new FakeConnection(Arrays.copyOf(stream, cut), false));

                assertThat(readAll(channel))
                        .as("cut at " + cut + " and " + again)
                        .isEqualTo(stream);
                assertThat(next.told).isEqualTo(again);
            }
        }
    }

    @Test
    void whatIsBetweenFramesDoesNotCount() throws Exception {
        byte[] plain = frames(new Random(2), 12, false);
        byte[] stream = frames(new Random(2), 12, true);
        for (int cut = 0; cut <= stream.length; cut++) {
            // The peer goes on where this side is, with frames only.
            int counted = countOf(stream, cut);
            next.next.add(new FakeConnection(Arrays.copyOfRange(plain, counted, plain.length), true));
            ResumableChannel channel = channel(new FakeConnection(Arrays.copyOf(stream, cut), false));

            assertThat(readAll(channel)).as("cut at " + cut).isEqualTo(plain);
            assertThat(next.told).as("cut at " + cut).isEqualTo(counted);
        }
    }

    /** How many of the first bytes of a stream count. */
    private static int countOf(byte[] stream, int length) {
        int counted = 0;
        int at = 0;
        while (at < length) {
            boolean counts = stream[at] == Kind.DATA.code();
            int size = Frame.HEADER_BYTES + stream[at + 4];
            counted += counts ? Math.min(size, length - at) : 0;
            at += size;
        }
        return counted;
    }

    @Test
    void aPeerThatEndsInPeaceIsNotWaitedFor() throws Exception {
        byte[] stream = frames(new Random(3), 3, false);
        next.next.add(FakeConnection.broken());
        ResumableChannel channel = channel(new FakeConnection(Arrays.copyOf(stream, stream.length - 2), true));

        assertThat(readAll(channel)).hasSize(stream.length - 2);
        assertThat(next.next).hasSize(1);
    }

    @Test
    void whenThereIsNoOtherConnectionItIsLostForTheReasonOfTheFirst() throws Exception {
        ResumableChannel channel = channel(FakeConnection.broken());
        assertThatThrownBy(() -> readAll(channel))
                .cause()
                .satisfies(e -> assertProblem(e, Problem.CONNECTION_LOST))
                .hasMessageContaining("it broke")
                .hasMessageContaining("there is no other");
    }

    @Test
    void anAcknowledgementOfWhatWasNeverSentIsAViolation() throws Exception {
        for (long count : new long[] {1, -1, Long.MAX_VALUE}) {
            ResumableChannel channel =
                    channel(new FakeConnection(new Frame(Kind.ACK, Messages.ack(count)).toBytes(), true));
            assertThatThrownBy(() -> readAll(channel))
                    .cause()
                    .satisfies(e -> assertProblem(e, Problem.PROTOCOL_VIOLATION));
        }
    }

    @Test
    void anAcknowledgementOfAStrangeLengthIsAViolation() throws Exception {
        byte[] header = new byte[Frame.HEADER_BYTES];
        for (int length : new int[] {65, -1, Integer.MAX_VALUE}) {
            Frame.putHeader(header, Kind.ACK, length);
            ResumableChannel channel = channel(new FakeConnection(header.clone(), true));
            assertThatThrownBy(() -> readAll(channel))
                    .cause()
                    .satisfies(e -> assertProblem(e, Problem.PROTOCOL_VIOLATION));
        }
    }

    @Test
    void whatIsWrittenIsPutOnEachConnectionFromWhereThePeerIs() throws Exception {
        byte[] first = new Frame(Kind.DATA, new byte[] {1, 2, 3}).toBytes();
        byte[] second = new Frame(Kind.DATA, new byte[] {4, 5}).toBytes();
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        for (int arrives = 0; arrives < first.length; arrives++) {
            FakeConnection breaks = FakeConnection.broken();
            breaks.takesAtMost = arrives;
            FakeConnection continues = FakeConnection.broken();
            ResumableChannel channel = channel(breaks);
            ChannelOutput out = new ChannelOutput(channel);

            out.write(first.clone(), first.length, () -> {});
            assertThat(channel.isDown()).isTrue();
            out.write(second.clone(), second.length, () -> {});
            next.peerHas = arrives;
            next.next.add(continues);
            channel.connection();
            out.tend(LONG);

            List<Byte> arrived = new ArrayList<>();
            for (byte b : breaks.taken.toByteArray()) {
                arrived.add(b);
            }
            for (byte b : continues.taken.toByteArray()) {
                arrived.add(b);
            }
            assertThat(arrived).as("after " + arrives).hasSize(both.length);
            for (int i = 0; i < both.length; i++) {
                assertThat(arrived.get(i)).isEqualTo(both[i]);
            }
        }
    }

    @Test
    void lastWordsAreSaidOnTheNextConnectionToo() throws Exception {
        byte[] last = new Frame(Kind.REFUSE, new byte[] {7}).toBytes();
        FakeConnection breaks = FakeConnection.broken();
        breaks.takesAtMost = 0;
        FakeConnection continues = FakeConnection.broken();
        next.lastWords = true;
        ResumableChannel channel = channel(breaks);
        Thread speaker = new Thread(() -> {
            try {
                new ChannelOutput(channel).sayLast(new Frame(Kind.REFUSE, new byte[] {7}), LONG, () -> {});
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        speaker.start();
        while (!channel.isDown()) {
            Thread.onSpinWait();
        }
        assertThat(channel.staysForLastWords()).isTrue();
        next.next.add(continues);
        channel.connection();
        while (!continues.outputEnded) {
            Thread.onSpinWait();
        }
        channel.close();
        speaker.join();

        assertThat(continues.taken.toByteArray()).isEqualTo(last);
        assertThat(channel.staysForLastWords()).isFalse();
    }

    @Test
    void aWriterThatWaitsForRoomIsFreedByTheEnd() throws Exception {
        ResumableChannel channel = channel(FakeConnection.broken());
        ChannelOutput out = new ChannelOutput(channel);
        Thread ender = new Thread(() -> {
            while (!channel.isFullFor(Duration.ofMillis(1))) {
                Thread.onSpinWait();
            }
            channel.beginEnd();
        });
        ender.start();
        byte[] frame = new byte[Frame.DATA_FRAME_BYTES];
        assertThatThrownBy(() -> {
                    while (true) {
                        out.write(frame.clone(), frame.length, () -> {});
                    }
                })
                .isInstanceOf(IOException.class);
        ender.join();
    }

    @Test
    void anAttemptThatComesLateDisturbsNothing() throws Exception {
        ResumableChannel channel = channel(FakeConnection.broken());
        FakeConnection newer = FakeConnection.broken();

        channel.rejoin(2, 0);
        assertThatThrownBy(() -> channel.rejoin(1, 0)).satisfies(e -> assertProblem(e, Problem.CONNECTION_LOST));
        assertThatThrownBy(() -> channel.rejoin(2, 0)).satisfies(e -> assertProblem(e, Problem.CONNECTION_LOST));
        assertThat(channel.resume(FakeConnection.broken(), 1)).isFalse();
        assertThat(channel.resume(newer, 2)).isTrue();
        assertThat(channel.connection()).isSameAs(newer);
    }
}
