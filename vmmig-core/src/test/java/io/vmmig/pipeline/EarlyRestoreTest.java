// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.RestoreRequest;
import io.vmmig.hypervisor.RestoredGuest;
import io.vmmig.hypervisor.RestoringGuest;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EarlyRestoreTest {
    private static final String XML = "<domain/>";

    private final Restoring restoring = new Restoring();

    private EarlyRestore begun(@Nullable String cookie) {
        return new EarlyRestore(new RestoreRequest(XML, cookie, false), restoring, RestoreRequest::equals);
    }

    @Test
    void whatWasBegunIsTakenIfItIsTheSame() throws Exception {
        try (EarlyRestore early = begun("<cookie/>")) {
            early.awaitReady();
            assertThat(early.take(new RestoreRequest(XML, "<cookie/>", false))).isSameAs(restoring);
        }
        assertThat(restoring.closed).as("it belongs to its taker").isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "<domain/>, <cookie/>, true",
        "<domain> </domain>, <cookie/>, false",
        "<domain/>, , false",
        "<domain/>, <cookie><cpu><model>qemu64</model></cpu></cookie>, false"
    })
    void andEndedIfItIsNot(String xml, @Nullable String cookie, boolean persistent) throws Exception {
        try (EarlyRestore early = begun("<cookie/>")) {
            early.awaitReady();
            assertThat(early.take(new RestoreRequest(xml, cookie, persistent))).isNull();
        }
        assertThat(restoring.closed).isTrue();
    }

    /** It could still look at disks that are being written, and could still be refused. */
    @Test
    void whatDoesNotGetReadyIsRefusedWhileTheGuestRuns() throws Exception {
        restoring.ready = false;
        try (EarlyRestore early = begun("<cookie/>")) {
            assertThatThrownBy(early::awaitReady)
                    .isInstanceOfSatisfying(
                            VmmigException.class, e -> assertThat(e.problem()).isEqualTo(Problem.HYPERVISOR_TIMEOUT));
        }
        assertThat(restoring.closed).isTrue();
    }

    @Test
    void whatNobodyTakesIsEnded() throws Exception {
        begun("<cookie/>").close();

        assertThat(restoring.closed).isTrue();
    }

    private static final class Restoring implements RestoringGuest {
        private boolean ready = true;
        private boolean closed;

        @Override
        public boolean awaitReady() {
            return ready;
        }

        @Override
        public OutputStream memory() {
            return OutputStream.nullOutputStream();
        }

        @Override
        public RestoredGuest finish() {
            throw new AssertionError("nothing was written");
        }

        @Override
        public void close() {
            closed = true;
        }
    }
}
