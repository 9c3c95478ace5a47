// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.MoveResult;
import io.vmmig.lab.host.MoveScenario;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A guest leaves in a small file that is based on a baseline, which was written to another file while the guest ran. */
class WarmPackageIT {
    @AfterEach
    void clear() {
        Hosts.clear();
    }

    @Test
    void onlyWhatHasChangedSinceTheBaselineIsWrittenWhileTheGuestIsPaused() {
        LabHost a = Hosts.a();
        LabHost b = Hosts.b();
        LabGuest guest =
                a.start(Hosts.tiny(a, "warm-file").parameter("vmmig.memory=64")).ready();
        Path monday = Hosts.lab().directory().resolve("baseline.vmmig");
        JsonObject baseline = a.baselineFor(List.of(a, b), "warm-file", monday).await();
        assertThat(a.stateOf("warm-file")).isEqualTo("RUNNING");

        MoveResult moved = MoveScenario.plain()
                .throughFile(guest.ticking(), b, Hosts.lab().directory().resolve("upon.vmmig"), List.of(monday));

        Moves.assertWhole(moved);
        Moves.assertGone(a, "warm-file");
        // Without its kernel and its ramdisk, which are in the package only.
        assertThat(snapshotBytes(moved.sent())).isLessThan(snapshotBytes(baseline) / 4);
    }

    private static long snapshotBytes(JsonObject report) {
        return report.getAsJsonArray("contents").asList().stream()
                .map(JsonElement::getAsJsonObject)
                .filter(content -> content.get("name").getAsString().equals("snapshot"))
                .mapToLong(content -> content.get("storedBytes").getAsLong())
                .sum();
    }
}
