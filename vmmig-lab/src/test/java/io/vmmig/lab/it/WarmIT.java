// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.MoveResult;
import io.vmmig.lab.host.SendProfile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Guests that write to their memory and their disks move warm, and lose nothing. */
class WarmIT {
    @AfterEach
    void clear() {
        Hosts.clear();
    }

    /** Baselines are read while the guest writes, so that each one is torn somewhere. */
    @Test
    void thereAndBackAgainAndAgain() {
        LabGuest guest = Hosts.a()
                .start(Hosts.tiny(Hosts.a(), "warm").parameter("vmmig.memory=64"))
                .ready();
        MoveResult first = warm(guest, Hosts.b());
        // The destination has nothing of the guest yet, so that its baseline holds all of it.
        assertThat(first.packageBytes()).isLessThan(baselineBytes(first) / 4);
        LabGuest arrived = first.arrived();
        for (int i = 0; i < 3; i++) {
            arrived = warm(arrived, Hosts.a()).arrived();
            arrived = warm(arrived, Hosts.b()).arrived();
        }
    }

    @Test
    void betweenLibvirtds() {
        warm(Hosts.startTiny(Hosts.c(), "warm-libvirtd"), Hosts.d());
    }

    private static long baselineBytes(MoveResult moved) {
        return baselines(moved).get(0).getAsJsonObject().get("bytes").getAsLong();
    }

    private static JsonArray baselines(MoveResult moved) {
        return moved.sent().getAsJsonObject("plan").getAsJsonArray("baselines");
    }

    private static MoveResult warm(LabGuest guest, LabHost to) {
        MoveResult result = Moves.by(SendProfile.WARM, guest, to);
        assertThat(baselines(result)).isNotEmpty();
        return result;
    }
}
