// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A guest's clock after a move. */
class ClockIT {
    private static final String CHANNEL =
            "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>";
    /** As much of qemu-guest-agent as libvirt asks for. */
    private static final String AGENT = "for p in /sys/class/virtio-ports/*; do"
            + " [ \"$(cat $p/name)\" = org.qemu.guest_agent.0 ] && port=/dev/${p##*/}; done;"
            + " (while :; do while read -r line; do value=${line##*:}; value=${value%%\\}*}; case $line in"
            + " *guest-sync*) echo \"{\\\"return\\\": $value}\";;"
            + " *guest-get-time*) echo \"{\\\"return\\\": $(date +%s)000000000}\";;"
            + " *guest-set-time*) date -s @$((value / 1000000000)) >/dev/null; echo '{\"return\": {}}';;"
            + " esac; done; sleep 1; done) <>$port >&0 2>/dev/null & echo started";

    @AfterEach
    void clear() {
        Hosts.clear();
    }

    private static long secondsBehind(LabGuest guest) {
        return Instant.now().getEpochSecond() - Long.parseLong(guest.run("date +%s"));
    }

    @Test
    void anAgentSetsItToTheTimeOfTheHost() {
        LabHost a = Hosts.a();
        LabGuest guest = a.start(Hosts.tiny(a, "late").device(CHANNEL)).ready();
        assertThat(guest.run(AGENT)).isEqualTo("started");
        guest.run("date -s @$(($(date +%s) - 3600))");
        assertThat(secondsBehind(guest)).isGreaterThan(3000);

        LabGuest there = Moves.overTls(guest, Hosts.b()).arrived();

        assertThat(secondsBehind(there)).isLessThan(60);
    }
}
