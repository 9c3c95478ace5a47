// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.error.EndState;
import io.vmmig.error.Failure;
import io.vmmig.error.Phase;
import io.vmmig.error.Problem;
import io.vmmig.transport.wire.proto.Wire;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FailureCodecTest {
    @ParameterizedTest
    @EnumSource
    void everyProblemTravels(Problem problem) {
        Failure failure = Failure.of(problem, "what ä 漢 😀", "remedy")
                .during("web-1", Phase.COMMIT)
                .leaving(EndState.PAUSED, EndState.HOLDS_NOTHING);

        assertThat(FailureCodec.fromWire(FailureCodec.toWire(failure))).isEqualTo(failure.heardFromPeer());
    }

    @Test
    void whatWasCancelledThereWasCancelledByThePeer() {
        assertThat(FailureCodec.fromWire(FailureCodec.toWire(Failure.of(Problem.CANCELLED, "what", "")))
                        .problem())
                .isEqualTo(Problem.PEER_CANCELLED);
        assertThat(FailureCodec.fromWire(FailureCodec.toWire(Failure.of(Problem.DEADLINE_EXCEEDED, "what", "")))
                        .problem())
                .isEqualTo(Problem.PEER_DEADLINE_EXCEEDED);
    }

    @Test
    void whatIsNotKnownStaysUnknown() {
        Failure failure = Failure.of(Problem.DISK_FULL, "what", "");

        assertThat(FailureCodec.fromWire(FailureCodec.toWire(failure))).isEqualTo(failure);
    }

    @Test
    void anEmptyFailureIsStillAFailure() {
        assertThat(FailureCodec.fromWire(Wire.Failure.getDefaultInstance()))
                .isEqualTo(Failure.of(Problem.PEER_FAILED, "the peer gave up", ""));
    }

    @Test
    void textIsBounded() {
        Failure failure = FailureCodec.fromWire(Wire.Failure.newBuilder()
                .setWhat("😀".repeat(60_000))
                .setRemedy("x".repeat(60_000))
                .setGuest("g".repeat(60_000))
                .build());

        assertThat(failure.what()).hasSizeLessThanOrEqualTo(4096).endsWith("😀");
        assertThat(failure.remedy()).hasSize(4096);
        assertThat(failure.guest()).hasSize(256);
    }

    @Test
    void whatWeSendFitsItsFrame() {
        Failure failure = Failure.of(Problem.DISK_FULL, "漢".repeat(100_000), "漢".repeat(100_000));

        assertThat(Messages.refuse(failure)).hasSizeLessThanOrEqualTo(Kind.REFUSE.maxLength());
    }
}
