// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.faults;

import io.vmmig.lab.Await;
import io.vmmig.lab.LabException;
import io.vmmig.lab.host.Intake;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.Moment;
import io.vmmig.lab.host.Move;
import io.vmmig.lab.host.MoveFailed;
import io.vmmig.lab.host.Receiving;
import io.vmmig.lab.host.Settled;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** One migration that waits at a moment, and what can be done to it. */
final class Scene {
    private static final Duration TIME_TO_START = Duration.ofSeconds(60);
    private static final Duration TIME_TO_STOP = Duration.ofSeconds(40);
    private static final Duration TIME_TO_END = Duration.ofSeconds(75);
    private static final Duration AN_HOUR = Duration.ofHours(1);

    private final Pair pair;
    private final LabGuest guest;
    private final LabHost to;
    private final Moment moment;
    private final Limits limits;
    private Receiving receiving;
    private final Move sending;
    private final List<Settled> settled = new ArrayList<>();

    /** Begins to move the guest to the other host, and comes back when it waits at that moment. */
    Scene(Pair pair, LabGuest guest, Moment moment, Limits limits) {
        this.pair = pair;
        this.guest = guest;
        this.moment = moment;
        this.limits = limits;
        to = pair.other(guest.host());
        Intake intake = moment.atSource() ? Intake.usual() : Intake.usual().stoppingAt(moment);
        receiving = to.receive(from().fingerprint(), intake);
        sending = from().migrate(
                        guest.name(),
                        to,
                        pair.cableTo(to).port(),
                        limits.idle(),
                        limits.asking(),
                        moment.atSource() ? moment : null);
        stopping().awaitStop(TIME_TO_STOP);
    }

    private Move stopping() {
        return moment.atSource() ? sending : receiving.move();
    }

    LabHost from() {
        return guest.host();
    }

    LabHost to() {
        return to;
    }

    Cable cable() {
        return pair.cableTo(to);
    }

    Limits limits() {
        return limits;
    }

    Receiving receiving() {
        return receiving;
    }

    /** What recoveries have done so far. */
    List<Settled> settled() {
        return settled;
    }

    /** Lets it go on from where it waits, if the program is still there that does. */
    void goOn() {
        if ((moment.atSource() ? from() : to).trouble().programRuns()) {
            stopping().goOn();
        }
    }

    /** Time passes, which is what some faults consist of. */
    void pass(Duration time) {
        try {
            Thread.sleep(time.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LabException("interrupted", e);
        }
    }

    /** At a destination that has just been asked to start one, it may not be there yet. */
    void killQemu(LabHost host) {
        Await.until("a QEMU on " + host + " that can be killed", TIME_TO_START, () -> host.trouble()
                .killQemu(guest.name()));
    }

    void advanceClock(LabHost host) {
        pair.setClock(host, AN_HOUR);
        Duration ahead = Duration.between(Instant.now(), host.clock());
        if (ahead.compareTo(AN_HOUR.minusMinutes(1)) < 0) {
            throw new LabException("the clock of " + host + " is " + ahead + " ahead, and not an hour");
        }
    }

    /** Starts programs again that have been killed; they recover and listen, as such a program does. */
    void bringBack() {
        for (LabHost host : List.of(to, from())) {
            if (!host.trouble().programRuns()) {
                host.revive();
                settled.addAll(host.recover(pair.other(host)));
                pair.listen(host);
            }
        }
    }

    /** The source's program is started again, recovers, and offers the guest once more, whatever the destination still waits for. */
    void retry() {
        bringBack();
        if (from().guests().contains(guest.name())
                && from().stateOf(guest.name()).equals("RUNNING")) {
            Receiving again = to.receive(from().fingerprint(), Intake.usual());
            from().migrate(guest.name(), again).await();
            again.move().await();
            receiving = again;
        }
    }

    /** Waits until neither end is at it any more. */
    void awaitBothEnds() {
        await(sending);
        await(receiving.move());
    }

    private static void await(Move move) {
        try {
            move.await(TIME_TO_END);
        } catch (MoveFailed e) {
            // That may well be.
        } catch (LabException e) {
            if (!move.done()) {
                throw e;
            }
            // Its program was killed.
        }
    }

    /** Both recover, in either order, until there is nothing more to be done; returns what is left open. */
    List<Settled> recover(boolean sourceFirst) {
        List<LabHost> hosts = sourceFirst ? List.of(from(), to) : List.of(to, from());
        List<Settled> open = List.of();
        for (int round = 0; round < 3; round++) {
            List<Settled> done = new ArrayList<>();
            hosts.forEach(host -> done.addAll(host.recover(pair.other(host))));
            settled.addAll(done);
            open = done.stream().filter(Scene::isOpen).toList();
            if (done.isEmpty()) {
                return open;
            }
        }
        return open;
    }

    static boolean isOpen(Settled settled) {
        return settled.result() == io.vmmig.RecoveryReport.Result.LEFT_OPEN;
    }
}
