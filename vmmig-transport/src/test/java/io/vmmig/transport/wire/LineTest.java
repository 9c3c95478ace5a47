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
class LineTest {
    private static final Duration LONG = Duration.ofSeconds(10);

    /** Connections that are there at once, one after the other. */
    private static final class Next implements Comeback {
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
        public void await(Line line, long since) throws VmmigException {
            Connection connection = next.poll();
            if (connection == null) {
                throw Faults.notTakenUpAgain(line.lost(), "there is no other", null);
            }
            try {
                told = line.received();
                line.rewind(peerHas);
                line.resume(connection, 0);
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

    private Line line(Connection first) throws VmmigException {
        Line line = new Line(first, "the peer", LONG, next);
        line.agree(new Resumption(LONG, null));
        return line;
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
        Line line = line(new FakeConnection(new byte[0], false));
        byte[] frame = Frame.empty(Kind.COMMIT).toBytes();
        line.keep(frame, frame.length);
        assertThat(line.next()).isNotNull();
        line.close();
        assertThat(line.next()).isNull();

        line.keep(frame, frame.length);
        assertThatThrownBy(line::next).isInstanceOf(IOException.class).hasMessageContaining("closed");
    }

    @Test
    void whoHasSomethingToSayThatMustNotBeLostWaitsForAConnectionOrTheEnd() throws Exception {
        FakeConnection first = new FakeConnection(new byte[0], false);
        FakeConnection second = new FakeConnection(new byte[0], false);
        Line line = line(first);
        line.awaitConnected();

        line.broken(first, new IOException("it broke"));
        Background<Void> waiting = awaitingConnection(line);
        assertThat(waiting.isDone()).isFalse();
        line.resume(second, 0);
        waiting.get();

        line.broken(second, new IOException("it broke"));
        waiting = awaitingConnection(line);
        assertThat(waiting.isDone()).isFalse();
        line.close();
        waiting.get();
    }

    private static Background<Void> awaitingConnection(Line line) {
        return Background.run(() -> {
            line.awaitConnected();
            return null;
        });
    }

    private static byte[] readAll(Line line) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        DataInputStream in = new DataInputStream(new FrameInput(line));
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
                Line line = line(new FakeConnection(Arrays.copyOf(stream, cut), false));

                assertThat(readAll(line)).as("cut at " + cut + " and " + again).isEqualTo(stream);
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
            Line line = line(new FakeConnection(Arrays.copyOf(stream, cut), false));

            assertThat(readAll(line)).as("cut at " + cut).isEqualTo(plain);
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
        Line line = line(new FakeConnection(Arrays.copyOf(stream, stream.length - 2), true));

        assertThat(readAll(line)).hasSize(stream.length - 2);
        assertThat(next.next).hasSize(1);
    }

    @Test
    void whenThereIsNoOtherConnectionItIsLostForTheReasonOfTheFirst() throws Exception {
        Line line = line(FakeConnection.broken());
        assertThatThrownBy(() -> readAll(line))
                .cause()
                .satisfies(e -> assertProblem(e, Problem.CONNECTION_LOST))
                .hasMessageContaining("it broke")
                .hasMessageContaining("there is no other");
    }

    @Test
    void anAcknowledgementOfWhatWasNeverSentIsAViolation() throws Exception {
        for (long count : new long[] {1, -1, Long.MAX_VALUE}) {
            Line line = line(new FakeConnection(new Frame(Kind.ACK, Messages.ack(count)).toBytes(), true));
            assertThatThrownBy(() -> readAll(line))
                    .cause()
                    .satisfies(e -> assertProblem(e, Problem.PROTOCOL_VIOLATION));
        }
    }

    @Test
    void anAcknowledgementOfAStrangeLengthIsAViolation() throws Exception {
        byte[] header = new byte[Frame.HEADER_BYTES];
        for (int length : new int[] {65, -1, Integer.MAX_VALUE}) {
            Frame.putHeader(header, Kind.ACK, length);
            Line line = line(new FakeConnection(header.clone(), true));
            assertThatThrownBy(() -> readAll(line))
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
            FakeConnection goesOn = FakeConnection.broken();
            Line line = line(breaks);
            LineOutput out = new LineOutput(line);

            out.write(first.clone(), first.length, () -> {});
            assertThat(line.isDown()).isTrue();
            out.write(second.clone(), second.length, () -> {});
            next.peerHas = arrives;
            next.next.add(goesOn);
            line.connection();
            out.tend(LONG);

            List<Byte> arrived = new ArrayList<>();
            for (byte b : breaks.taken.toByteArray()) {
                arrived.add(b);
            }
            for (byte b : goesOn.taken.toByteArray()) {
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
        FakeConnection goesOn = FakeConnection.broken();
        next.lastWords = true;
        Line line = line(breaks);
        Thread speaker = new Thread(() -> {
            try {
                new LineOutput(line).sayLast(new Frame(Kind.REFUSE, new byte[] {7}), LONG, () -> {});
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        speaker.start();
        while (!line.isDown()) {
            Thread.onSpinWait();
        }
        assertThat(line.staysForLastWords()).isTrue();
        next.next.add(goesOn);
        line.connection();
        while (!goesOn.outputEnded) {
            Thread.onSpinWait();
        }
        line.close();
        speaker.join();

        assertThat(goesOn.taken.toByteArray()).isEqualTo(last);
        assertThat(line.staysForLastWords()).isFalse();
    }

    @Test
    void aWriterThatWaitsForRoomIsFreedByTheEnd() throws Exception {
        Line line = line(FakeConnection.broken());
        LineOutput out = new LineOutput(line);
        Thread ender = new Thread(() -> {
            while (!line.isFullFor(Duration.ofMillis(1))) {
                Thread.onSpinWait();
            }
            line.beginEnd();
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
        Line line = line(FakeConnection.broken());
        FakeConnection newer = FakeConnection.broken();

        line.rejoin(2, 0);
        assertThatThrownBy(() -> line.rejoin(1, 0)).satisfies(e -> assertProblem(e, Problem.CONNECTION_LOST));
        assertThatThrownBy(() -> line.rejoin(2, 0)).satisfies(e -> assertProblem(e, Problem.CONNECTION_LOST));
        assertThat(line.resume(FakeConnection.broken(), 1)).isFalse();
        assertThat(line.resume(newer, 2)).isTrue();
        assertThat(line.connection()).isSameAs(newer);
    }
}
