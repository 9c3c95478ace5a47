// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.posix;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ThisProcessTest {
    @Test
    void aVariableIsThereMeanwhileAndNotLeftToProcessesStartedLater() {
        String seen = ThisProcess.withEnvironment(
                "VMMIG_TEST", "yes", () -> LibC.getenv("VMMIG_TEST").getString(0, StandardCharsets.UTF_8.name()));
        assertThat(seen).isEqualTo("yes");
        assertThat(LibC.getenv("VMMIG_TEST")).isNull();
    }

    @Test
    void aVariableThatSomebodySetStays() {
        LibC.setenv("VMMIG_TEST_SET", "theirs", 1);
        ThisProcess.withEnvironment("VMMIG_TEST_SET", "ours", () -> true);
        assertThat(LibC.getenv("VMMIG_TEST_SET").getString(0)).isEqualTo("theirs");
    }
}
