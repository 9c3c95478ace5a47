// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GuestDirectoryTest {
    @TempDir
    private Path guests;

    @Test
    void refusesFilesThatAreThere() throws Exception {
        Path disk = Files.writeString(guests.resolve("vda.0.qcow2"), "precious");
        assertThatThrownBy(() -> GuestDirectory.requireFree(List.of(disk), UUID.randomUUID(), new OtherGuests()))
                .isInstanceOfSatisfying(
                        VmmigException.class, e -> assertThat(e.problem()).isEqualTo(Problem.DISK_IN_USE))
                .hasMessageContaining(disk.toString());
        assertThatThrownBy(() -> GuestDirectory.requireFree(
                        List.of(disk), UUID.randomUUID(), new OtherGuests().using("clone", disk)))
                .hasMessageContaining("guest clone needs it");
    }

    @ParameterizedTest
    @ValueSource(strings = {"web-1", "win 10", "B\u00fcro", ".hidden", "-rf", "..", "$(reboot)"})
    void everyNameOfAGuestHasADirectory(String name) throws Exception {
        Path directory = GuestDirectory.of(guests, name);
        assertThat(directory.getParent()).isEqualTo(guests);
        assertThat(Files.createDirectory(directory)).isEqualTo(directory.toRealPath());
    }

    @Test
    void refusesNamesThatNoGuestCanHave() {
        for (String name : List.of("", " ", "../x", "a/b", "a\nb", "a\u202eb", "\u00fc".repeat(121))) {
            assertThatThrownBy(() -> GuestDirectory.of(guests, name))
                    .isInstanceOfSatisfying(
                            VmmigException.class, e -> assertThat(e.problem()).isEqualTo(Problem.REQUEST_INVALID))
                    .hasMessageContaining("DomainSettings.named");
        }
    }
}
