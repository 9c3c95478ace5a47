// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.Link;
import io.vmmig.lab.host.LinkProbe;
import io.vmmig.lab.host.Measured;
import io.vmmig.lab.host.MoveResult;
import io.vmmig.lab.host.MoveScenario;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Hosts with a link between them that is as slow as it was told to be, and that guests pass. */
@Tag("alone")
class LinkIT {
    @AfterEach
    void clear() {
        Hosts.clear();
    }

    @Test
    void isAsSlowAsItIsTold() {
        LabHost west = Hosts.networked("west");
        LabHost east = Hosts.networked("east");

        west.link(Link.WAN);

        // The other direction, and other links, are tried by lab/selftest.
        Measured measured = LinkProbe.between(west, east);
        assertThat(measured.fits(Link.WAN)).as(measured.toString()).isTrue();
    }

    @Test
    void guestsPassIt() {
        LabHost west = Hosts.networked("west");
        LabHost east = Hosts.networked("east");
        LabGuest guest = Hosts.startTiny(west, "emigrant");
        west.link(Link.WAN);
        long before = west.bytesSent();

        MoveResult result = MoveScenario.plain().overTls(guest, east);

        assertThat(result.whole()).as(result.toJson().toString()).isTrue();
        assertThat(west.bytesSent() - before).isGreaterThanOrEqualTo(result.packageBytes());
    }
}
