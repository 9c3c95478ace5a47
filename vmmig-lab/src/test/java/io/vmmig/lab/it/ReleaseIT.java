// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** From this machine's libvirt and QEMU to those of a newer Debian. */
@Tag("slow")
class ReleaseIT {
    @AfterEach
    void clear() {
        Hosts.clear();
    }

    @Test
    void fromLibvirt9ToLibvirt11() {
        LabHost newer = Hosts.ofRelease("trixie", "newer");
        assertThat(newer.versions()).startsWith("libvirt 11.");
        LabGuest guest = Hosts.startTiny(Hosts.a(), "upgraded");

        LabGuest arrived = Moves.tour(guest, newer);

        // The machine type is the old one, so it may go back, too.
        Moves.tour(arrived, Hosts.a());
    }
}
