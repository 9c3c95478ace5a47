// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.size;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.vmmig.bench.Figure;
import io.vmmig.lab.host.SendProfile;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RoundTest {
    private static final OldWay OLD = new OldWay(1000, 100, 400, 50, 950);

    private static Round round(long packageBytes, long kernelBytes, long millis) {
        JsonObject report = JsonParser.parseString("{ 'packageBytes': " + packageBytes
                        + ", 'snapshotBytes': 900, 'diskBytes': 100, 'phases': [], 'contents': ["
                        + "{ 'name': 'kernel', 'bytes': 60, 'storedBytes': " + kernelBytes + " },"
                        + "{ 'name': 'snapshot', 'bytes': 900, 'storedBytes': 70 }] }")
                .getAsJsonObject();
        Sent sent = new Sent(millis, 10, report);
        Sent slower = new Sent(millis + millis / 10, 10, report);
        return new Round(
                OLD,
                Map.of(
                        SendProfile.DEFAULT,
                        sent,
                        SendProfile.WITH_FREE_PAGES,
                        sent,
                        SendProfile.UNPROTECTED,
                        sent,
                        SendProfile.PROTECTED,
                        slower));
    }

    @Test
    void comparesLikeWithLike() {
        Round round = round(130, 50, 100);

        assertThat(round.sizeRatio(SendProfile.DEFAULT))
                .as("without the kernel, which is in no zip")
                .isCloseTo(80 / 400.0, within(1e-9));
        assertThat(round.timeRatio(SendProfile.DEFAULT)).isCloseTo(2, within(1e-9));
        assertThat(round.wholeTimeRatio(SendProfile.DEFAULT)).isCloseTo(0.1, within(1e-9));
        assertThat(round.protectionRatio()).isCloseTo(0.1, within(1e-9));
    }

    @Test
    void takesTheMedianOfAllRounds() {
        List<Figure> figures = Scenario.IDLE.figures(List.of(round(80, 0, 10), round(400, 0, 200), round(120, 0, 40)));

        assertThat(figures.get(0).value()).isCloseTo(120 / 400.0, within(1e-9));
        assertThat(figures).extracting(Figure::holds).containsExactly(true, true, true, true, true);
    }
}
