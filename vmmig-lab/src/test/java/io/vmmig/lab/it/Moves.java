// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.vmmig.lab.Trees;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.MoveResult;
import io.vmmig.lab.host.MoveScenario;
import io.vmmig.lab.host.SendProfile;

/** Moves, with all that must be true of each of them. */
final class Moves {
    private Moves() {}

    static MoveResult overTls(LabGuest guest, LabHost to) {
        LabHost from = guest.host();
        MoveResult result = MoveScenario.plain().overTls(guest, to);
        assertWhole(result);
        assertGone(from, guest.name());
        return result;
    }

    /** With a profile that asks for a strategy of the same name. */
    static MoveResult by(SendProfile profile, LabGuest guest, LabHost to) {
        MoveResult result = MoveScenario.plain().overTls(guest, to, profile);
        assertWhole(result);
        assertGone(guest.host(), guest.name());
        assertThat(result.sent().getAsJsonObject("plan").get("strategy").getAsString())
                .isEqualTo(profile.name());
        return result;
    }

    /** From host to host over TLS; each passage is checked. */
    static LabGuest tour(LabGuest guest, LabHost... stops) {
        LabGuest traveller = guest;
        for (LabHost stop : stops) {
            traveller = overTls(traveller, stop).arrived();
        }
        return traveller;
    }

    static void assertWhole(MoveResult result) {
        String way = result.left().name() + " from " + result.left().host() + " to "
                + result.arrived().host() + " by " + result.via();
        assertThat(result.across().complaints()).as(way).isEmpty();
        assertThat(result.across().ticksLost()).as("ticks lost, " + way).isZero();
        assertThat(result.across().ticksRepeated()).as("ticks repeated, " + way).isZero();
        assertThat(result.memoryIntact()).as("memory intact, " + way).isTrue();
        assertThat(result.diskRecordsLost()).as("disk records lost, " + way).isZero();
        assertSameContents(result.sent(), result.received());
    }

    /**
     * What came out at the destination has the digests and sizes of what went in at the source, where they are those of the
     * bytes before they were encoded.
     */
    static void assertSameContents(JsonObject sent, JsonObject received) {
        assertThat(sent.getAsJsonArray("contents"))
                .anySatisfy(content -> assertThat(
                                content.getAsJsonObject().get("name").getAsString())
                        .isEqualTo("snapshot"))
                .isEqualTo(received.getAsJsonArray("contents"));
    }

    /** The host knows the guest no more, and holds nothing of it but logs. */
    static void assertGone(LabHost host, String guest) {
        assertThat(host.guests()).as("guests of " + host).doesNotContain(guest);
        assertThat(Trees.files(host.guestsDirectory().resolve(guest)))
                .as("files of " + guest + " on " + host)
                .allMatch(file -> file.toString().endsWith(".log"));
    }

    /** The host holds nothing at all. */
    static void assertEmpty(LabHost host) {
        assertThat(host.guests()).as("guests of " + host).isEmpty();
        assertThat(Trees.list(host.guestsDirectory())).as("files on " + host).isEmpty();
    }
}
