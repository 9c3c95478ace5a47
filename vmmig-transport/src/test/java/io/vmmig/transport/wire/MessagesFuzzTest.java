// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.vmmig.error.Failure;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.Outcome;
import io.vmmig.transport.testing.Samples;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

class MessagesFuzzTest {
    private interface Reading {
        Object read(byte[] payload) throws VmmigException;
    }

    static Stream<byte[]> payloads() throws VmmigException {
        Failure failure = Failure.of(Problem.DISK_FULL, "no room", "Make some.");
        return Stream.of(
                Messages.hello(new Messages.Hello(Duration.ofSeconds(30), null)),
                Messages.hello(new Messages.Hello(
                        Duration.ofSeconds(30), new Resumption(Duration.ofSeconds(30), SessionId.random()))),
                Messages.ack(1 << 20),
                Messages.rejoin(new Messages.Rejoin(SessionId.random(), 3, 1 << 20, true)),
                Messages.rejoined(Long.MAX_VALUE),
                Messages.offer(Samples.offer()),
                Messages.accept(new Acceptance(Set.of("sha256:" + "ab".repeat(32)))),
                Messages.refuse(failure),
                Messages.abort(failure),
                Messages.waiting(1 << 20),
                Messages.complete(1 << 20),
                Messages.inquire(UUID.randomUUID()),
                Messages.answer(Outcome.TAKEN));
    }

    /** The payload of any control frame, taken for each of them. */
    @MethodSource("payloads")
    @FuzzTest
    void payload(byte[] payload) {
        List<Reading> readings = List.of(
                Messages::readHello,
                Messages::readAck,
                Messages::readRejoin,
                Messages::readRejoined,
                Messages::readOffer,
                Messages::readAccept,
                Messages::readRefuse,
                Messages::readAbort,
                Messages::readWaiting,
                Messages::readComplete,
                Messages::readInquire,
                Messages::readAnswer);
        for (Reading reading : readings) {
            try {
                Object read = reading.read(payload);
                if (read instanceof Failure failure) {
                    assertThat(failure.what().codePoints()).noneMatch(Character::isISOControl);
                    assertThat(Messages.readRefuse(Messages.refuse(failure))).isEqualTo(failure);
                }
            } catch (VmmigException e) {
                assertThat(e.getMessage()).isNotBlank();
            }
        }
    }

    static Stream<byte[]> preambles() {
        return Stream.of(new byte[] {'v', 'm', 'm', 'i', 'g', 0, 1}, new byte[] {22, 3, 1, 0, 0, 0, 0});
    }

    @MethodSource("preambles")
    @FuzzTest
    void preamble(byte[] bytes) {
        try {
            Preamble.check(Preamble.read(new ByteArrayInputStream(bytes)));
        } catch (VmmigException | IOException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }
}
