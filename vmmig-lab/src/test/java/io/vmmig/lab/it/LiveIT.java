// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.lab.guest.GuestKind;
import io.vmmig.lab.guest.LabDisk;
import io.vmmig.lab.guest.LabDomain;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.MoveResult;
import io.vmmig.lab.host.SendProfile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Guests move live and lose nothing, while they change their memory in bursts, of which QEMU's emulation loses some before version 9,
 * and write to their disks. BadInputIT has the test with such a QEMU.
 */
class LiveIT {
    @AfterEach
    void clear() {
        Hosts.clear();
    }

    private static LabHost east() {
        return Hosts.ofRelease("trixie", "east");
    }

    private static LabHost west() {
        return Hosts.ofRelease("trixie", "west");
    }

    private static LabDomain guest(String name) {
        return Hosts.tiny(east(), name).parameter("vmmig.burst=64").kept();
    }

    private static void thereAndBack(LabGuest guest) {
        live(live(guest, west()), east());
    }

    /** With overlays while it moves, and without afterwards. */
    private static LabGuest live(LabGuest guest, LabHost to) {
        MoveResult moved = Moves.by(SendProfile.LIVE, guest, to);
        assertThat(moved.sent().getAsJsonObject("plan").get("because").getAsString())
                .isEqualTo("it was asked for");
        assertThat(moved.sent().getAsJsonArray("contents").toString()).contains("disks/vda.1.qcow2");
        assertThat(to.diskOf(guest.name(), "vda")).hasFileName("vda.0.qcow2");
        return moved.arrived();
    }

    @Test
    void smallChanges() {
        LabGuest guest = east().start(guest("live-small")).ready();
        thereAndBack(live(live(guest, west()), east()));
    }

    @Test
    void wholePages() {
        thereAndBack(east().start(guest("live-pages").parameter("vmmig.burst.words=512"))
                .ready());
    }

    /** More changes per second than the hosts can send, so that only a pause ends them. */
    @Test
    void moreThanCanBeSent() {
        thereAndBack(east().start(
                        guest("live-more").parameter("vmmig.burst.words=512").parameter("vmmig.burst.rate=2000"))
                .ready());
    }

    @Test
    void severalDisks() {
        GuestKind.Image image = GuestKind.TINY_X86_64.image();
        LabDisk raw = LabDisk.raw(Hosts.disk(east(), "live-disks", "b"), image.raw());
        thereAndBack(east().start(guest("live-disks").disk(raw)).ready());
    }
}
