// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import io.vmmig.lab.LabException;
import io.vmmig.lab.host.Continuity;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;

/** Moves guests and measures the moves. */
final class Trials {
    private final Ground ground;

    Trials(Ground ground) {
        this.ground = ground;
    }

    /**
     * Restores the guest and moves it once.
     *
     * @throws LabException if the move fails, or the guest lost something
     */
    Trial run(Prepared prepared, MigrationMethod method) {
        method.setUp(ground);
        LabGuest guest = method.approach(prepared.wake(ground), prepared.subject(), ground);
        LabHost to = guest.host() == ground.a() ? ground.b() : ground.a();
        Continuity.Departing departing = Continuity.of(guest);
        ClockReading before = ClockReading.of(guest.console());
        Meter meter = new Meter(ground.hosts(), method.vmmig());
        Moved moved = method.move(guest, prepared.subject(), to, ground);
        Meter.Reading cost = meter.stop();
        LabGuest arrived = moved.guest().ticking();
        long downtime = ClockReading.of(arrived.console()).standstillMillisSince(before);
        Continuity continuity = departing.at(arrived);
        if (!continuity.whole()) {
            throw new LabException(
                    method.title() + " has damaged " + prepared.subject().title() + ": lost "
                            + continuity.across().ticksLost() + " ticks, repeated "
                            + continuity.across().ticksRepeated() + ", lost " + continuity.diskRecordsLost()
                            + " records; memory intact: " + continuity.memoryIntact() + "; it says: "
                            + continuity.across().complaints());
        }
        ground.clear(Prepared.GUEST);
        return new Trial(moved, cost, downtime, continuity);
    }
}
