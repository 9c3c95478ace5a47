// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.vmmig.lab.host.Doom;
import io.vmmig.lab.host.Intake;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.Move;
import io.vmmig.lab.host.Receiving;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The program at one end is killed in the middle of a migration. Once it is back and has recovered, the guest runs at one of the
 * hosts, has lost nothing, and can move.
 */
class CrashIT {
    /** All moments, or those that are tried each time. */
    private static final boolean ALL = Boolean.getBoolean("vmmig.allFaults");

    private static final Duration SHORT = Duration.ofSeconds(1);

    @AfterEach
    void clear() {
        Hosts.clear();
    }

    static Stream<Doom> ofTheSource() {
        Stream<Doom> some = Stream.of(Doom.afterNoting("COMMITTED"));
        Stream<Doom> others = Stream.of(
                        "OFFER", "BOOT_FILES", "SUSPEND", "DISKS", "SNAPSHOT", "RESTORE", "COMMIT", "RETIRE")
                .map(Doom::in);
        return ALL ? Stream.concat(some, others) : some;
    }

    static Stream<Doom> ofTheDestination() {
        Stream<Doom> some = Stream.of(Doom.afterNoting("COMMITTED"));
        Stream<Doom> others = Stream.concat(
                Stream.of("BOOT_FILES", "DISKS", "SNAPSHOT", "RESTORE", "COMMIT", "RESUME")
                        .map(Doom::in),
                Stream.of("OFFERED", "RESTORED", "RESUMED").map(Doom::afterNoting));
        return ALL ? Stream.concat(some, others) : some;
    }

    @ParameterizedTest
    @MethodSource("ofTheSource")
    void theSourceDies(Doom doom) {
        LabHost c = Hosts.c();
        LabHost d = Hosts.d();
        LabGuest guest = Hosts.startTiny(c, "orphan");
        String sum = guest.memorySum();

        // Nobody comes back who has died, so there is no use in waiting for him.
        Receiving receiving = d.receive(c.fingerprint(), Intake.usual().resumingWithin(SHORT));
        Move sending = c.migrateDoomed("orphan", receiving, doom);
        c.revive();
        assertThat(catchThrowable(sending::await)).isNotNull();
        // Whether it gets the guest or not shows within its own deadlines.
        catchThrowable(receiving.move()::await);
        d.answer(c, receiving.port());
        List<String> told = new ArrayList<>(c.recover(d));
        told.addAll(d.recover(c));

        assertOne(guest, receiving, sum, told);
    }

    @ParameterizedTest
    @MethodSource("ofTheDestination")
    void theDestinationDies(Doom doom) {
        LabHost c = Hosts.c();
        LabHost d = Hosts.d();
        LabGuest guest = Hosts.startTiny(c, "orphan");
        String sum = guest.memorySum();

        Receiving receiving = d.receive(c.fingerprint(), Intake.usual().doomed(doom));
        Move sending = c.migrate("orphan", receiving);
        d.revive();
        List<String> told = new ArrayList<>(d.recover(c));
        d.answer(c, receiving.port());
        catchThrowable(sending::await);
        told.addAll(c.recover(d));

        assertOne(guest, receiving, sum, told);
    }

    private static void assertOne(LabGuest left, Receiving receiving, String sum, List<String> told) {
        LabHost from = left.host();
        LabHost to = receiving.host();
        List<String> running = new ArrayList<>();
        for (LabHost host : List.of(from, to)) {
            if (host.guests().contains(left.name()) && host.stateOf(left.name()).equals("RUNNING")) {
                running.add(host.name());
            }
        }
        assertThat(running).as("where it runs: %s", told).hasSize(1);
        boolean arrived = running.get(0).equals(to.name());
        LabGuest guest = arrived ? receiving.guest(left.name()) : left;
        LabHost other = arrived ? from : to;
        guest.ticking();

        assertThat(guest.memorySum()).as("%s", told).isEqualTo(sum);
        assertThat(guest.records().values()).allMatch(count -> count > 0);
        Moves.assertGone(other, left.name());
        assertThat(from.recover(to)).isEmpty();
        assertThat(to.recover(from)).isEmpty();
        Moves.overTls(guest, other);
    }
}
