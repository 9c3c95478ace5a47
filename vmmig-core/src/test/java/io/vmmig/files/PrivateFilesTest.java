// SPDX-License-Identifier: Apache-2.0
package io.vmmig.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PrivateFilesTest {
    private static final String PREFIX = ".making-";

    @TempDir
    Path directory;

    private Path of(Maker maker) throws IOException {
        return Files.createFile(directory.resolve(PREFIX + maker + "-" + UUID.randomUUID()));
    }

    @Test
    void whatThisProcessMakesIsNotSwept() throws Exception {
        Path ours = PrivateFiles.create(directory, PREFIX);
        assertThat(ours.getFileName().toString())
                .contains(Maker.OURS.orElseThrow().toString());

        PrivateFiles.sweep(directory, PREFIX);

        assertThat(ours).exists();
    }

    @Test
    void whatAProcessLeftThatIsNoMoreIsSwept() throws Exception {
        Maker ours = Maker.OURS.orElseThrow();
        Process ended = new ProcessBuilder("true").start();
        assertThat(ended.waitFor()).isZero();
        of(new Maker(ours.world(), ended.pid(), 1));
        // Its number is ours now, and yet it was another.
        of(new Maker(ours.world(), ours.pid(), ours.begun() + 1));

        PrivateFiles.sweep(directory, PREFIX);

        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void whatMayBeInUseElsewhereIsNotSwept() throws Exception {
        Path elsewhere = of(new Maker("0123456789abcdef", 1, 1));
        Path unknown = Files.createFile(directory.resolve(PREFIX + UUID.randomUUID()));

        PrivateFiles.sweep(directory, PREFIX);

        assertThat(elsewhere).exists();
        assertThat(unknown).exists();
    }
}
