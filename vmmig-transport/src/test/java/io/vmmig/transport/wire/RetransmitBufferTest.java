// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import static io.vmmig.transport.testing.Problems.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.io.ByteArrayOutputStream;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RetransmitBufferTest {
    private final RetransmitBuffer window = new RetransmitBuffer();

    private void add(String text) {
        window.add(text.getBytes(java.nio.charset.StandardCharsets.US_ASCII), text.length());
    }

    private String sendAll() {
        StringBuilder sent = new StringBuilder();
        for (RetransmitBuffer.Part part = window.next(); part != null; part = window.next()) {
            sent.append(
                    new String(part.bytes(), part.from(), part.length(), java.nio.charset.StandardCharsets.US_ASCII));
        }
        return sent.toString();
    }

    @Test
    void whatIsSentIsSentOnce() {
        add("abc");
        add("de");
        assertThat(window.hasUnsent()).isTrue();
        assertThat(sendAll()).isEqualTo("abcde");
        assertThat(window.hasUnsent()).isFalse();
        assertThat(sendAll()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 8})
    void anotherConnectionBeginsWhereThePeerIs(int has) throws Exception {
        add("abc");
        add("de");
        add("fgh");
        sendAll();
        window.acknowledge(Math.min(has, 2));

        assertThat(window.rewind(has)).isEqualTo(8 - has);

        add("ij");
        assertThat(sendAll()).isEqualTo("abcdefghij".substring(has));
        window.acknowledge(10);
        assertThat(window.isEmpty()).isTrue();
    }

    @Test
    void anotherConnectionMayBreakBeforeAnythingWasSent() throws Exception {
        add("abc");
        add("de");
        sendAll();
        window.rewind(1);
        window.rewind(1);
        assertThat(window.next()).isNotNull();
        window.rewind(2);
        assertThat(sendAll()).isEqualTo("cde");
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, 1, 6, Long.MAX_VALUE, Long.MIN_VALUE})
    void countsThatCannotBeAreRefused(long count) throws Exception {
        add("ab");
        add("cde");
        add("f");
        window.next();
        window.next();
        window.acknowledge(2);

        assertThatThrownBy(() -> window.acknowledge(count))
                .satisfies(e -> assertProblem(e, Problem.PROTOCOL_VIOLATION));
        assertThatThrownBy(() -> window.rewind(count)).satisfies(e -> assertProblem(e, Problem.PROTOCOL_VIOLATION));

        window.acknowledge(5);
        assertThat(sendAll()).isEqualTo("f");
    }

    @Test
    void whatAnEarlierConnectionHasBroughtCannotBeAcknowledgedLater() throws Exception {
        add("abcdef");
        sendAll();
        window.rewind(2);
        assertThatThrownBy(() -> window.acknowledge(4)).satisfies(e -> assertProblem(e, Problem.PROTOCOL_VIOLATION));
    }

    @Test
    void itIsBoundedAlsoForTinyFrames() throws Exception {
        int frames = 0;
        while (window.hasRoom()) {
            window.add(new byte[6], 6);
            frames++;
        }
        // What acknowledgements are sent for has to fit in.
        assertThat(frames * 6L).isBetween((long) ResumableChannel.ACKNOWLEDGED_EVERY, (long) RetransmitBuffer.CAPACITY);
        sendAll();
        window.acknowledge(6);
        assertThat(window.hasRoom()).isTrue();
    }

    @Test
    void arraysOfDataFramesAreUsedAgainOnceTheyHaveArrived() throws Exception {
        byte[] first = window.spare();
        window.add(first, first.length);
        window.next();
        assertThat(window.spare()).isNotSameAs(first);
        window.acknowledge(first.length - 1);
        assertThat(window.spare()).isNotSameAs(first);
        window.acknowledge(first.length);
        assertThat(window.spare()).isSameAs(first);
    }

    @Test
    void whateverHappensEachByteArrivesOnceAndInOrder() throws VmmigException {
        Random random = new Random(5);
        for (int round = 0; round < 300; round++) {
            RetransmitBuffer sender = new RetransmitBuffer();
            ByteArrayOutputStream given = new ByteArrayOutputStream();
            ByteArrayOutputStream arrived = new ByteArrayOutputStream();
            for (int step = 0; step < 60; step++) {
                switch (random.nextInt(4)) {
                    case 0 -> {
                        byte[] frame = new byte[1 + random.nextInt(20)];
                        random.nextBytes(frame);
                        int length = 1 + random.nextInt(frame.length);
                        sender.add(frame, length);
                        given.write(frame, 0, length);
                    }
                    case 1 -> {
                        RetransmitBuffer.Part part = sender.next();
                        if (part != null) {
                            // The connection may break in the middle of it.
                            int comes = random.nextInt(3) > 0 ? part.length() : random.nextInt(part.length());
                            arrived.write(part.bytes(), part.from(), comes);
                            if (comes < part.length()) {
                                sender.rewind(arrived.size());
                            }
                        }
                    }
                    case 2 -> sender.acknowledge(Math.max(sender.acknowledged(), arrived.size() - random.nextInt(9)));
                    default -> sender.rewind(arrived.size());
                }
            }
            sender.rewind(arrived.size());
            for (RetransmitBuffer.Part part = sender.next(); part != null; part = sender.next()) {
                arrived.write(part.bytes(), part.from(), part.length());
            }
            assertThat(arrived.toByteArray()).as("round " + round).isEqualTo(given.toByteArray());
        }
    }
}
