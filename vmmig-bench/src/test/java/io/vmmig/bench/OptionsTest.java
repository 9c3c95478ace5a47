// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OptionsTest {
    @Test
    void takesWhatIsAskedFor() {
        Options options = new Options(List.of("--quick", "--rounds", "5", "--only", "idle"));

        assertThat(options.flag("quick")).isTrue();
        assertThat(options.number("rounds", 1, 3)).isEqualTo(5);
        assertThat(options.number("seed", 0, 7)).isEqualTo(7);
        assertThat(options.word("only", "all")).isEqualTo("idle");
        options.requireNoMore();
    }

    @ParameterizedTest
    @ValueSource(strings = {"--rounds", "--rounds 0", "--rounds -1", "--rounds many", "--rounds 99999999999999999"})
    void refusesWhatIsNoNumber(String words) {
        Options options = new Options(List.of(words.split(" ")));

        assertThatThrownBy(() -> options.number("rounds", 1, 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("--rounds");
    }

    @Test
    void refusesWhatNobodyAsksFor() {
        assertThatThrownBy(() -> new Options(List.of("--quik")).requireNoMore()).hasMessageContaining("--quik");
        assertThatThrownBy(() -> new Options(List.of("--only")).word("only", "all"))
                .hasMessageContaining("--only");
    }
}
