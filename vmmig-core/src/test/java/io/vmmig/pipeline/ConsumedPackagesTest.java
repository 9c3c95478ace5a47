// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.state.HostState;
import io.vmmig.transport.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConsumedPackagesTest {
    @TempDir
    private Path temp;

    /** Each is a file of its own; one that is not what it should be, or cannot be removed, is in no other's way. */
    @Test
    void aDamagedEntryAffectsItsPackageOnly() throws Exception {
        HostState state = HostState.open(temp.resolve("state"));
        ConsumedPackages packages = ConsumedPackages.of(state);
        Path directory = state.directory(HostState.Part.CONSUMED);
        Path stuck = Files.createDirectories(directory.resolve(UUID.randomUUID().toString()));
        Files.writeString(stuck.resolve("file"), "");
        Files.setLastModifiedTime(stuck, FileTime.from(Instant.now().minus(Duration.ofDays(2000))));
        UUID garbled = UUID.randomUUID();
        Files.write(directory.resolve(garbled.toString()), new byte[] {-1, -2, 0});
        UUID fresh = UUID.randomUUID();

        packages.add(fresh);
        packages.confirm(fresh);

        assertThat(packages.outcomeOf(fresh)).isEqualTo(Outcome.TAKEN);
        assertThat(packages.outcomeOf(UUID.randomUUID())).isEqualTo(Outcome.UNHEARD_OF);
        assertThatThrownBy(() -> packages.outcomeOf(garbled))
                .isInstanceOfSatisfying(
                        VmmigException.class, e -> assertThat(e.problem()).isEqualTo(Problem.FILE_FAILED));
        assertThatThrownBy(() -> packages.requireNew(garbled)).isInstanceOf(VmmigException.class);
    }
}
