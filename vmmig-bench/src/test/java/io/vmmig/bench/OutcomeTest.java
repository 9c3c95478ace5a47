// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutcomeTest {
    private static final Figure GOOD = Figure.atMost("good", 0.25, 0.25);
    private static final Figure BAD = Figure.atMost("bad", 0.26, 0.25);

    private final ByteArrayOutputStream said = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(said, true, StandardCharsets.UTF_8);

    @TempDir
    Path directory;

    @Test
    void isGoodWhenAllTargetsAreMet() throws IOException {
        Path file = directory.resolve("new/figures.json");

        int status = new Outcome(List.of(GOOD), new JsonObject()).conclude(out, file);

        assertThat(status).isZero();
        assertThat(said.toString(StandardCharsets.UTF_8)).contains("holds").doesNotContain("MISSES");
        JsonObject json = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
        JsonObject figure = json.getAsJsonArray("figures").get(0).getAsJsonObject();
        assertThat(figure.get("holds").getAsBoolean()).isTrue();
        assertThat(figure.get("value").getAsDouble()).isEqualTo(0.25);
    }

    @Test
    void isBadWhenOneTargetIsMissed() {
        int status = new Outcome(List.of(GOOD, BAD), new JsonObject()).conclude(out, directory.resolve("figures.json"));

        assertThat(status).isEqualTo(1);
        assertThat(said.toString(StandardCharsets.UTF_8).lines().filter(line -> line.contains("MISSES")))
                .singleElement()
                .asString()
                .startsWith("bad");
    }

    @Test
    void aTargetIsACeilingOrAFloor() {
        assertThat(Figure.atLeast("rate", 700, 700).holds()).isTrue();
        assertThat(Figure.atLeast("rate", 699, 700).holds()).isFalse();
        assertThat(Figure.atMost("size", 701, 700).line()).contains("≤ 700.0").contains("MISSES");
        assertThat(Figure.atLeast("rate", 701, 700).line()).contains("≥ 700.0").contains("holds");
    }

    @Test
    void severalAreOne() throws IOException {
        new Outcome(List.of(GOOD), new JsonObject()).conclude(out, directory.resolve("one.json"));
        new Outcome(List.of(BAD), new JsonObject()).conclude(out, directory.resolve("two.json"));

        Outcome all = AllFigures.of(directory, List.of("one", "two"));

        assertThat(all.figures()).containsExactly(GOOD, BAD);
    }

    @Test
    void takesTheMiddleOne() {
        assertThat(Medians.of(List.of(3.0, 1.0, 100.0), value -> value)).isEqualTo(3);
        assertThat(Medians.of(List.of(1.0, 2.0), value -> value)).isCloseTo(1.5, within(1e-9));
        assertThatThrownBy(() -> Medians.of(List.of(), value -> 0)).isInstanceOf(IllegalArgumentException.class);
    }
}
