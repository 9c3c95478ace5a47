// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.vmmig.lab.guest.Channel;
import io.vmmig.lab.guest.ConsoleLog;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.ReceiveOptions;
import io.vmmig.lab.host.Receiving;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A guest of which four times as much memory is in use as both JVMs have heap, which is 256 MiB. */
@Tag("slow")
class LargeGuestIT {
    private static final long GIB = 1L << 30;
    private static final long HEAP = 256L << 20;

    @AfterEach
    void clear() {
        Hosts.clear();
    }

    @Test
    void movesWithinASmallHeap() {
        LabHost a = Hosts.inSmallHeap("small-a");
        LabHost b = Hosts.inSmallHeap("small-b");
        LabGuest guest = a.start(Hosts.tiny(a, "large").memoryMib(1536)).ready();
        try (Channel channel = guest.connect()) {
            channel.fill(1024);
        }

        Receiving receiving = b.receive(a.fingerprint(), ReceiveOptions.defaults());
        JsonObject sent = a.migrate("large", receiving).await();
        JsonObject received = receiving.move().await();
        LabGuest arrived = receiving.guest("large").ticking();

        // The guest's own checksum of so much memory takes a minute each way; the digests are of the same bytes.
        Moves.assertSameContents(sent, received);
        assertThat(sent.get("snapshotBytes").getAsLong()).isGreaterThan(GIB);
        assertThat(a.heapLimitBytes()).isLessThanOrEqualTo(HEAP);
        assertThat(b.heapLimitBytes()).isLessThanOrEqualTo(HEAP);
        ConsoleLog across =
                ConsoleLog.of(List.of(guest.console().bytes(), arrived.console().bytes()));
        assertThat(across.ticksLost()).isZero();
        assertThat(across.ticksRepeated()).isZero();
    }
}
