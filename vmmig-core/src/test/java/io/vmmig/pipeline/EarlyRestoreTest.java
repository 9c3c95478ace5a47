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
    private static final String CPU = "<cpu><model>qemu64</model></cpu>";

    private final Restoring restoring = new Restoring();

    private EarlyRestore begun(@Nullable String cookie) {
        return new EarlyRestore(new RestoreRequest(XML, cookie, false), restoring);
    }

    @ParameterizedTest
    @CsvSource(
            textBlock =
                    """
                    <cookie/>,              '<cookie>\n  <slirpHelper/>\n</cookie>'
                    <cookie></cookie>,      <cookie/>
                    <cookie>%1$s</cookie>,  '<cookie>\n  <cpu>\n    <model>qemu64</model>\n  </cpu>\n</cookie>'
                    ,
                    """)
    void whatWasBegunIsTakenIfItIsTheSame(@Nullable String offered, @Nullable String come) throws Exception {
        try (EarlyRestore early = begun(formatted(offered))) {
            early.awaitReady();
            assertThat(early.take(new RestoreRequest(XML, formatted(come), false)))
                    .isSameAs(restoring);
        }
        assertThat(restoring.closed).as("it belongs to whoever took it").isFalse();
    }

    private static @Nullable String formatted(@Nullable String cookie) {
        return cookie == null ? null : cookie.replace("%1$s", CPU).replace("\\n", "\n");
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
