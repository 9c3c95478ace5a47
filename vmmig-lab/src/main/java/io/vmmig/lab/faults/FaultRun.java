// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.faults;

import io.vmmig.lab.Await;
import io.vmmig.lab.LabException;
import io.vmmig.lab.host.InjectionPoint;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.Move;
import io.vmmig.lab.host.MoveFailed;
import io.vmmig.lab.host.ReceiveOptions;
import io.vmmig.lab.host.Receiving;
import io.vmmig.lab.host.Resolved;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** One migration that waits at an injection point, and what can be done to it. */
final class FaultRun {
    private static final Duration TIME_TO_START = Duration.ofSeconds(60);
    private static final Duration TIME_TO_STOP = Duration.ofSeconds(40);
    private static final Duration TIME_TO_END = Duration.ofSeconds(75);
    private static final Duration AN_HOUR = Duration.ofHours(1);

    private final Pair pair;
    private final LabGuest guest;
    private final LabHost to;
    private final InjectionPoint point;
    private final Limits limits;
    private Receiving receiving;
    private final Move sending;
    private final List<Resolved> resolved = new ArrayList<>();

    /** Starts to move the guest to the other host; returns when the migration waits at that point. */
    FaultRun(Pair pair, LabGuest guest, InjectionPoint point, Limits limits) {
        this.pair = pair;
        this.guest = guest;
        this.point = point;
        this.limits = limits;
        to = pair.other(guest.host());
        ReceiveOptions options = point.atSource()
                ? ReceiveOptions.defaults()
                : ReceiveOptions.defaults().stoppingAt(point);
        receiving = to.receive(from().fingerprint(), options);
        sending = from().migrate(guest.name(), to, pair.proxyTo(to).port(), limits.idle(), limits.asking(), point);
        stopping().awaitStop(TIME_TO_STOP);
    }

    private Move stopping() {
        return point.atSource() ? sending : receiving.move();
    }

    LabHost from() {
        return guest.host();
    }

    LabHost to() {
        return to;
    }

    FaultProxy proxy() {
        return pair.proxyTo(to);
    }

    Limits limits() {
        return limits;
    }

    Receiving receiving() {
        return receiving;
    }

    /** What recoveries have done so far. */
    List<Resolved> resolved() {
        return resolved;
    }

    /** Lets the migration continue, if its program is still alive. */
    void proceed() {
        if ((point.atSource() ? from() : to).trouble().programRuns()) {
            stopping().proceed();
        }
    }

    /** Some faults consist of time that passes. */
    void pass(Duration time) {
        try {
            Thread.sleep(time.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LabException("interrupted", e);
        }
    }

    /** A destination that has just been asked to start a QEMU may not have one yet. */
    void killQemu(LabHost host) {
        Await.until("a QEMU on " + host + " that can be killed", TIME_TO_START, () -> host.trouble()
                .killQemu(guest.name()));
    }

    void advanceClock(LabHost host) {
        pair.setClock(host, AN_HOUR);
        Duration ahead = Duration.between(Instant.now(), host.clock());
        if (ahead.compareTo(AN_HOUR.minusMinutes(1)) < 0) {
            throw new LabException("the clock of " + host + " is " + ahead + " ahead instead of an hour");
        }
    }

    /** Restarts the programs that were killed; they recover and listen, as such programs do. */
    void bringBack() {
        for (LabHost host : List.of(to, from())) {
            if (!host.trouble().programRuns()) {
                host.revive();
                resolved.addAll(host.recover(pair.other(host)));
                pair.listen(host);
            }
        }
    }

    /**
     * Restarts the source's program, which recovers and offers the guest again, whatever the destination is still waiting for.
     */
    void retry() {
        bringBack();
        if (from().guests().contains(guest.name())
                && from().stateOf(guest.name()).equals("RUNNING")) {
            Receiving again = to.receive(from().fingerprint(), ReceiveOptions.defaults());
            from().migrate(guest.name(), again).await();
            again.move().await();
            receiving = again;
        }
    }

    /** Waits until both ends have finished. */
    void awaitBothEnds() {
        await(sending);
        await(receiving.move());
    }

    private static void await(Move move) {
        try {
            move.await(TIME_TO_END);
        } catch (MoveFailed e) {
            // Failing is allowed.
        } catch (LabException e) {
            if (!move.done()) {
                throw e;
            }
            // Its program was killed.
        }
    }

    /** Recovers at both hosts, in the given order, until there is nothing more to do; returns what is left open. */
    List<Resolved> recover(boolean sourceFirst) {
        List<LabHost> hosts = sourceFirst ? List.of(from(), to) : List.of(to, from());
        List<Resolved> open = List.of();
        for (int round = 0; round < 3; round++) {
            List<Resolved> done = new ArrayList<>();
            hosts.forEach(host -> done.addAll(host.recover(pair.other(host))));
            resolved.addAll(done);
            open = done.stream().filter(FaultRun::isOpen).toList();
            if (done.isEmpty()) {
                return open;
            }
        }
        return open;
    }

    static boolean isOpen(Resolved resolved) {
        return resolved.result() == io.vmmig.report.RecoveryReport.Result.LEFT_OPEN;
    }
}
