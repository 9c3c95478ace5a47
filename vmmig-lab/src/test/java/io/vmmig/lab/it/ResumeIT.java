// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.vmmig.lab.guest.ConsoleLog;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.ReceiveOptions;
import io.vmmig.lab.host.Receiving;
import java.io.IOException;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The connection breaks while a guest's memory travels. {@link FaultsIT} shows each time that one which is cut is taken up again. */
@Tag("faults")
class ResumeIT {
    private static final long MIB = 1 << 20;
    /** What may have been on its way when a connection broke. */
    private static final long WINDOW = 8 * MIB;

    @AfterEach
    void clear() {
        Hosts.clear();
    }

    @Test
    void theGuestArrivesByOneMigrationAllTheSame() throws IOException {
        LabHost a = Hosts.a();
        LabHost b = Hosts.b();
        LabGuest guest =
                a.start(Hosts.tiny(a, "resumed").parameter("vmmig.memory=64")).ready();
        String sum = guest.memorySum();
        Queue<JsonObject> events = new ConcurrentLinkedQueue<>();

        Receiving receiving = b.receive(a.fingerprint(), ReceiveOptions.defaults());
        JsonObject sent;
        // The first asks whether somebody listens, and is over before it could break.
        try (BreakingLink link = new BreakingLink(receiving.port(), List.of(MIB, 6 * MIB, 8 * MIB))) {
            sent = a.migrate("resumed", link.port(), b.fingerprint(), events::add)
                    .await();
            assertThat(link.connections()).isEqualTo(4);
            long packageBytes = sent.get("packageBytes").getAsLong();
            assertThat(link.passed()).isBetween(packageBytes, packageBytes + 2 * WINDOW + MIB);
        }
        JsonObject received = receiving.move().await();
        byte[] before = guest.console().bytes();
        LabGuest arrived = receiving.guest("resumed").ticking();

        assertThat(sent.get("reconnections").getAsInt()).isEqualTo(2);
        assertThat(received.get("reconnections").getAsInt()).isEqualTo(2);
        assertThat(received.get("packageId")).isEqualTo(sent.get("packageId"));
        assertThat(events)
                .filteredOn(event -> event.get("what").getAsString().equals("Reconnected"))
                .extracting(event -> event.get("phase").getAsString())
                .hasSize(2)
                .allMatch(phase -> phase.equals("SNAPSHOT"));
        Moves.assertSameContents(sent, received);
        Moves.assertGone(a, "resumed");
        ConsoleLog across = ConsoleLog.of(List.of(before, arrived.console().bytes()));
        assertThat(across.complaints()).isEmpty();
        assertThat(across.ticksLost()).isZero();
        assertThat(across.ticksRepeated()).isZero();
        assertThat(arrived.memorySum()).isEqualTo(sum);
        // What was kept of it serves the way back.
        Moves.overTls(arrived, a);
    }
}
