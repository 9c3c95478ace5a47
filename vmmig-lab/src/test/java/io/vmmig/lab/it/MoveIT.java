// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.vmmig.lab.Trees;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.MoveResult;
import io.vmmig.lab.host.MoveScenario;
import io.vmmig.lab.host.ReceiveOptions;
import io.vmmig.lab.host.Receiving;
import io.vmmig.lab.host.SendProfile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The main thing: a guest moves, and has lost nothing. */
class MoveIT {
    private static final long DOWNTIME_MILLIS = 1500;

    @AfterEach
    void clear() {
        Hosts.clear();
    }

    @Test
    @Tag("alone")
    void overTlsThereAndBack() {
        LabGuest guest = Hosts.a()
                .start(Hosts.tiny(Hosts.a(), "there").parameter("vmmig.memory=32"))
                .ready();

        MoveResult there = Moves.overTls(guest, Hosts.b());
        MoveResult back = Moves.overTls(there.arrived(), Hosts.a());

        // Whatever else the machine does makes a move slow, and nothing makes one fast: the best of a few counts.
        long downtime = Math.min(there.downtimeMillis(), back.downtimeMillis());
        for (int more = 0; more < 3 && downtime >= DOWNTIME_MILLIS; more++) {
            MoveResult again = Moves.overTls(back.arrived(), Hosts.b());
            back = Moves.overTls(again.arrived(), Hosts.a());
            downtime = Math.min(downtime, Math.min(again.downtimeMillis(), back.downtimeMillis()));
        }
        assertThat(downtime).isLessThan(DOWNTIME_MILLIS);
        assertThat(there.packageBytes()).isLessThan(there.saveImageBytes());
        assertThat(there.sent().get("packageId")).isEqualTo(there.received().get("packageId"));
    }

    @Test
    void throughAFile() throws IOException {
        LabGuest guest = Hosts.startTiny(Hosts.a(), "filed");
        Path file = Hosts.lab().directory().resolve("filed.vmmig");

        MoveResult result = MoveScenario.plain().throughFile(guest, Hosts.b(), file);

        Moves.assertWhole(result);
        Moves.assertGone(Hosts.a(), "filed");
        // The seal adds its header, and 16 bytes for each 64 KiB.
        assertThat(Files.size(file)).isBetween(result.packageBytes() + 100, result.packageBytes() * 1001 / 1000 + 1000);
        Trees.delete(file);
    }

    @Test
    void sealedOnTopOfTls() {
        LabHost a = Hosts.a();
        LabGuest guest = Hosts.startTiny(a, "sealed");
        String sum = guest.memorySum();

        Receiving receiving = Hosts.b().receive(a.fingerprint(), ReceiveOptions.defaults());
        JsonObject sent = a.migrate("sealed", receiving, SendProfile.PROTECTED).await();
        JsonObject received = receiving.move().await();

        Moves.assertSameContents(sent, received);
        assertThat(receiving.guest("sealed").ticking().memorySum()).isEqualTo(sum);
    }

    /** A guest that its host forgets when it ends is forgotten at the destination too; one that is kept, is kept. */
    @Test
    void keptGuestsAreKept() {
        LabHost a = Hosts.a();
        LabGuest guest = a.start(Hosts.tiny(a, "kept").kept()).ready();

        LabGuest arrived = Moves.overTls(guest, Hosts.b()).arrived();

        try (var channel = arrived.connect()) {
            channel.powerOff();
        }
        Hosts.b().awaitState("kept", "STOPPED");
    }

    /** The packages that are kept for the way back are the only large files; they are compressed. */
    @Test
    void nothingOfTheSnapshotsSizeIsEverAFile() {
        LabGuest guest = Hosts.startTiny(Hosts.a(), "streamed");
        Hosts.b();

        MoveResult result;
        FileWatch watch = new FileWatch(Hosts.lab().directory());
        try (watch) {
            result = Moves.overTls(guest, Hosts.b());
        }

        assertThat(watch.rounds()).isGreaterThan(50);
        assertThat(watch.grownBy(result.saveImageBytes() / 4))
                .allMatch(path -> path.getParent().endsWith(Path.of("references", "packages")));
        assertThat(watch.grownBy(result.packageBytes() + 1)).isEmpty();
    }
}
