// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.gson.JsonObject;
import io.vmmig.error.EndState;
import io.vmmig.error.Problem;
import io.vmmig.lab.host.InjectionPoint;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.Move;
import io.vmmig.lab.host.MoveFailed;
import io.vmmig.lab.host.ReceiveOptions;
import io.vmmig.lab.host.Receiving;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Someone changes their mind while the memory is on its way. */
class CancelIT {
    private static final long ROLLBACK_MILLIS = 500;
    private static final long PROMPT_MILLIS = 2000;
    /** Whatever else the machine does makes a thing slow, and nothing makes it fast: the best of a few counts. */
    private static final int TRIES = 4;

    private static final Duration SOON = Duration.ofSeconds(30);

    @AfterEach
    void clear() {
        Hosts.clear();
    }

    @Test
    void atTheSource() throws InterruptedException {
        LabHost a = Hosts.a();
        LabHost b = Hosts.b();
        LabGuest guest = Hosts.startTiny(a, "undecided");
        String sum = guest.memorySum();

        long millis = Long.MAX_VALUE;
        for (int tries = 0; tries < TRIES && millis >= PROMPT_MILLIS; tries++) {
            Midway midway = new Midway();
            Receiving receiving = b.receive(a.fingerprint(), ReceiveOptions.defaults());
            Move sending = a.migrate("undecided", receiving.port(), b.fingerprint(), midway::hear);
            midway.await();
            long begin = System.nanoTime();
            boolean accepted = sending.cancel();
            MoveFailed atSource = failureOf(sending);
            millis = Math.min(millis, millisSince(begin));
            MoveFailed atDestination = failureOf(receiving.move());

            assertThat(accepted).isTrue();
            assertThat(atSource.problem()).isEqualTo(Problem.CANCELLED);
            assertThat(atSource.type()).isEqualTo("CancelledException");
            assertThat(atSource.source()).isEqualTo(EndState.RUNS);
            assertThat(atSource.destination()).isEqualTo(EndState.NOT_HANDED_OVER);
            assertThat(atDestination.problem()).isEqualTo(Problem.PEER_CANCELLED);
            assertUnharmed(guest, sum);
            Moves.assertEmpty(b);
        }
        assertThat(millis).isLessThan(PROMPT_MILLIS);
        // Having been cancelled once, it can still move.
        Moves.overTls(guest, b);
    }

    @Test
    void atTheDestination() throws InterruptedException {
        LabHost a = Hosts.a();
        LabHost b = Hosts.b();
        LabGuest guest = Hosts.startTiny(a, "unwanted");
        String sum = guest.memorySum();

        long millis = Long.MAX_VALUE;
        for (int tries = 0; tries < TRIES && millis >= PROMPT_MILLIS; tries++) {
            Midway midway = new Midway();
            Receiving receiving =
                    b.receive(a.fingerprint(), ReceiveOptions.defaults().telling(midway::hear));
            Move sending = a.migrate("unwanted", receiving);
            midway.await();
            long begin = System.nanoTime();
            boolean accepted = receiving.move().cancel();
            MoveFailed atDestination = failureOf(receiving.move());
            millis = Math.min(millis, millisSince(begin));
            MoveFailed atSource = failureOf(sending);

            assertThat(accepted).isTrue();
            assertThat(atDestination.problem()).isEqualTo(Problem.CANCELLED);
            assertThat(atSource.problem()).isEqualTo(Problem.PEER_CANCELLED);
            assertThat(atSource.source()).isEqualTo(EndState.RUNS);
            assertThat(atSource.destination()).isEqualTo(EndState.NOT_HANDED_OVER);
            assertUnharmed(guest, sum);
            Moves.assertEmpty(b);
        }
        assertThat(millis).isLessThan(PROMPT_MILLIS);
    }

    /** The guest is still there, and so is its memory. */
    @Test
    void afterACompleteTransferTheGuestContinuesInMilliseconds() {
        LabHost a = Hosts.a();
        LabHost b = Hosts.b();
        LabGuest guest = Hosts.startTiny(a, "returned");
        String sum = guest.memorySum();

        long millis = Long.MAX_VALUE;
        for (int tries = 0; tries < TRIES && millis >= ROLLBACK_MILLIS; tries++) {
            Receiving receiving = b.receive(a.fingerprint(), ReceiveOptions.defaults());
            Move sending = a.migrate("returned", b, receiving.port(), SOON, SOON, InjectionPoint.SOURCE_SENT);
            sending.awaitStop(SOON);
            assertThat(sending.cancel()).isTrue();
            long begin = System.nanoTime();
            sending.proceed();
            MoveFailed failed = failureOf(sending);
            millis = Math.min(millis, millisSince(begin));

            assertThat(failed.problem()).isEqualTo(Problem.CANCELLED);
            assertThat(failed.source()).isEqualTo(EndState.RUNS);
            assertThat(failureOf(receiving.move()).problem()).isEqualTo(Problem.PEER_CANCELLED);
            assertUnharmed(guest, sum);
            Moves.assertEmpty(b);
        }
        assertThat(millis).isLessThan(ROLLBACK_MILLIS);
    }

    private static long millisSince(long begin) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
    }

    private static MoveFailed failureOf(Move move) {
        return catchThrowableOfType(MoveFailed.class, move::await);
    }

    private static void assertUnharmed(LabGuest guest, String sum) {
        guest.ticking();
        assertThat(guest.memorySum()).isEqualTo(sum);
        assertThat(guest.console().log().ticksLost()).isZero();
        assertThat(guest.console().log().ticksRepeated()).isZero();
    }

    /** Tells when the memory has begun to move. */
    private static final class Midway {
        private final CountDownLatch reached = new CountDownLatch(1);

        void hear(JsonObject event) {
            if (event.get("phase").getAsString().equals("SNAPSHOT")) {
                reached.countDown();
            }
        }

        void await() throws InterruptedException {
            assertThat(reached.await(60, TimeUnit.SECONDS)).isTrue();
        }
    }
}
