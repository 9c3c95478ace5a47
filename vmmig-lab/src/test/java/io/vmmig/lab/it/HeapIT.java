// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.gson.JsonObject;
import io.vmmig.error.EndState;
import io.vmmig.error.Problem;
import io.vmmig.lab.Checkout;
import io.vmmig.lab.guest.Channel;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.MoveFailed;
import io.vmmig.lab.host.ReceiveOptions;
import io.vmmig.lab.host.Receiving;
import io.vmmig.lab.host.SendProfile;
import java.io.IOException;
import java.nio.file.Files;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The table "Memory" of docs/architecture.md is true, and a heap below it is refused while the guest runs. */
class HeapIT {
    private static final int HEAP_MIB = 128;
    private static final long MIB = 1L << 20;

    @AfterEach
    void clear() {
        Hosts.clear();
    }

    @ParameterizedTest
    @CsvSource({"DEFAULT, BALANCED", "FASTEST, FASTEST", "SMALLEST, SMALLEST"})
    void movesWithinTheHeapAndTheProcessOfTheTable(SendProfile profile, String level) throws IOException {
        LabHost a = Hosts.withHeap("heap-a-" + level, HEAP_MIB);
        LabHost b = Hosts.withHeap("heap-b-" + level, HEAP_MIB);
        LabGuest guest = a.start(Hosts.tiny(a, "heap")).ready();
        try (Channel channel = guest.connect()) {
            channel.fill(160);
        }

        Receiving receiving = b.receive(a.fingerprint(), ReceiveOptions.defaults());
        JsonObject sent = a.migrate("heap", receiving, profile).await();
        JsonObject received = receiving.move().await();

        Moves.assertSameContents(sent, received);
        receiving.guest("heap").ticking();
        assertThat(a.heapLimitBytes()).isLessThanOrEqualTo(HEAP_MIB * MIB);
        assertThat(a.peakProcessBytes() / MIB).isLessThanOrEqualTo(documented(level, 1));
        assertThat(b.peakProcessBytes() / MIB).isLessThanOrEqualTo(documented(level, 2));
    }

    @Test
    void tooSmallAHeapIsRefusedWhileTheGuestRuns() {
        LabHost tiny = Hosts.withHeap("heap-tiny", HEAP_MIB / 2);
        LabHost usual = Hosts.b();
        LabGuest leaving = tiny.start(Hosts.tiny(tiny, "leaving")).ready();
        LabGuest coming = usual.start(Hosts.tiny(usual, "coming")).ready();

        refused(leaving, usual);
        refused(coming, tiny);
    }

    private static void refused(LabGuest guest, LabHost to) {
        LabHost from = guest.host();
        Receiving receiving = to.receive(from.fingerprint(), ReceiveOptions.defaults());
        MoveFailed failed = catchThrowableOfType(
                MoveFailed.class, () -> from.migrate(guest.name(), receiving).await());
        receiving.move().cancel();
        assertThat(failed.problem()).isEqualTo(Problem.HEAP_TOO_SMALL);
        assertThat(failed.getMessage()).contains("Java heap").contains("-Xmx" + HEAP_MIB + "m");
        assertThat(failed.source()).isEqualTo(EndState.UNTOUCHED);
        assertThat(failed.destination()).isEqualTo(EndState.UNTOUCHED);
        assertThat(guest.ticking().console().log().ticksLost()).isZero();
    }

    /** A figure of the row of that level, in MiB. */
    private static long documented(String level, int figure) throws IOException {
        String text = Files.readString(Checkout.root().resolve("docs/architecture.md"));
        Matcher row = Pattern.compile("\\| `" + level + "` \\|(?: (\\d+) MiB \\|)(?: (\\d+) MiB \\|)")
                .matcher(text);
        assertThat(row.find())
                .as("a row for " + level + " in docs/architecture.md")
                .isTrue();
        return Long.parseLong(row.group(figure));
    }
}
