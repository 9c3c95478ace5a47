// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vmmig.bundle.ImageFormat;
import io.vmmig.error.EndState;
import io.vmmig.error.Problem;
import io.vmmig.lab.Trees;
import io.vmmig.lab.guest.GuestKind;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.Move;
import io.vmmig.lab.host.MoveFailed;
import io.vmmig.lab.host.ReceiveOptions;
import io.vmmig.lab.host.Receiving;
import io.vmmig.state.HostState;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The same guest, or the same name, is moved twice at once. */
class TwoMoversIT {
    private static final int ROUNDS = 10;

    private final LabHost c = Hosts.c();
    private final LabHost d = Hosts.d();

    @AfterEach
    void clear() {
        Hosts.clear();
    }

    private static Path secondStateOf(LabHost host) {
        return host.directory().resolve("second-state");
    }

    private static MoveFailed failureOf(Move move) {
        return catchThrowableOfType(MoveFailed.class, move::await);
    }

    /** Two programs at the source, and two at the destination that have different state and the same directory for guests. */
    @Test
    void ofTwoProgramsThatMoveAGuestOneDoes() throws Exception {
        for (LabHost host : List.of(c, d)) {
            HostState.open(secondStateOf(host))
                    .images()
                    .add(GuestKind.TINY_X86_64.image().qcow2(), ImageFormat.QCOW2);
        }
        LabGuest guest = Hosts.startTiny(c, "wanted");
        String sum = guest.memorySum();
        try (LabHost secondC = c.secondProgram();
                LabHost secondD = d.secondProgram()) {
            for (int round = 0; round < ROUNDS; round++) {
                boolean there = round % 2 == 0;
                LabHost from = there ? c : d;
                LabHost to = there ? d : c;
                LabHost alsoFrom = there ? secondC : secondD;
                LabHost alsoTo = there ? secondD : secondC;
                Receiving first = to.receive(from.fingerprint(), ReceiveOptions.defaults());
                Receiving second = alsoTo.receive(
                        from.fingerprint(), ReceiveOptions.defaults().state(secondStateOf(to)));
                Move byFirst = from.migrate("wanted", first);
                Move bySecond = alsoFrom.migrate("wanted", second);

                MoveFailed firstFailed = failureOf(byFirst);
                MoveFailed secondFailed = failureOf(bySecond);
                List<MoveFailed> failed = Stream.of(firstFailed, secondFailed)
                        .filter(e -> e != null)
                        .toList();

                assertThat(failed).as("round " + round).singleElement().satisfies(e -> {
                    assertThat(e.problem()).isEqualTo(Problem.GUEST_BUSY);
                    assertThat(e.source()).isEqualTo(EndState.UNTOUCHED);
                });
                Receiving won = firstFailed == null ? first : second;
                Receiving lost = firstFailed == null ? second : first;
                lost.move().cancel();
                won.move().await();
                guest = won.guest("wanted").ticking();
                assertThat(guest.memorySum()).isEqualTo(sum);
                Moves.assertGone(from, "wanted");
                assertThat(Trees.list(to.guestsDirectory()))
                        .as("what is in the guests' directory")
                        .extracting(path -> path.getFileName().toString())
                        .containsExactly("wanted");
            }
        }
    }

    /** From two hosts, to one. */
    @Test
    void ofTwoGuestsOfOneNameOneArrives() {
        LabHost a = Hosts.a();
        LabGuest ofC = Hosts.startTiny(c, "twin");
        LabGuest ofD = Hosts.startTiny(d, "twin");
        String sumC = ofC.memorySum();
        String sumD = ofD.memorySum();
        Receiving forC = a.receive(c.fingerprint(), ReceiveOptions.defaults());
        Receiving forD = a.receive(d.fingerprint(), ReceiveOptions.defaults());
        Move fromC = c.migrate("twin", forC);
        Move fromD = d.migrate("twin", forD);

        MoveFailed failedC = failureOf(fromC);
        MoveFailed failedD = failureOf(fromD);

        assertThat(Stream.of(failedC, failedD).filter(e -> e != null))
                .singleElement()
                .satisfies(e -> {
                    assertThat(e.problem()).isIn(Problem.NAME_IN_USE, Problem.GUEST_BUSY);
                    assertThat(e.source()).isEqualTo(EndState.UNTOUCHED);
                });
        LabGuest stayed = failedC == null ? ofD : ofC;
        LabGuest arrived = (failedC == null ? forC : forD).guest("twin").ticking();
        assertThat(stayed.ticking().memorySum()).isEqualTo(failedC == null ? sumD : sumC);
        assertThat(arrived.memorySum()).isEqualTo(failedC == null ? sumC : sumD);
        assertThat(arrived.records()).containsKey("vda");
    }
}
