// SPDX-License-Identifier: Apache-2.0
package io.vmmig.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.bundle.ImageFormat;
import io.vmmig.content.Digest;
import io.vmmig.error.VmmigException;
import io.vmmig.files.PrivateFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostStateTest {
    private static final int NOBODY = 65534;

    @TempDir
    private Path temp;

    private Path directory;

    @BeforeEach
    void name() {
        directory = temp.resolve("state");
    }

    @Test
    void onlyBaseImagesCanBeReachedByOthers() throws Exception {
        HostState state = HostState.open(directory);

        for (HostState.Part part : HostState.Part.values()) {
            String permissions = PosixFilePermissions.toString(Files.getPosixFilePermissions(state.directory(part)));
            assertThat(permissions).as("%s", part).isEqualTo(part == HostState.Part.IMAGES ? "rwx--x--x" : "rwx------");
        }
        try (Stream<Path> entries = Files.list(directory)) {
            assertThat(entries.filter(Files::isRegularFile)).isNotEmpty().allSatisfy(file -> assertThat(
                            PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                    .isEqualTo("rw-------"));
        }
    }

    @Test
    void whatItHoldsIsThereTheNextTime() throws Exception {
        Path kernel = Files.writeString(temp.resolve("kernel"), "a kernel");
        Digest digest = HostState.open(directory).images().add(kernel, ImageFormat.RAW);

        assertThat(HostState.open(directory).images().find(digest)).isPresent();
    }

    @Test
    void anImageStoreOfAnEarlierVersionIsTakenOver() throws Exception {
        String image = "sha256-" + "ab".repeat(32) + ".qcow2";
        PrivateFiles.makeDirectory(directory.resolve("references"));
        Files.writeString(directory.resolve(image), "an image");
        Files.writeString(directory.resolve("references/index"), "pages");
        PrivateFiles.makeDirectory(directory.resolve("taken"));
        Files.writeString(directory.resolve("taken/a-package"), "");
        PrivateFiles.makeDirectory(directory.resolve("arrivals"));
        Files.writeString(directory.resolve("arrivals/a-journal"), "steps");

        HostState state = HostState.open(directory);

        assertThat(state.directory(HostState.Part.IMAGES).resolve(image)).hasContent("an image");
        assertThat(directory.resolve(image)).as("where overlays look for it").hasContent("an image");
        assertThat(state.directory(HostState.Part.IMAGES).resolve("references/index"))
                .hasContent("pages");
        assertThat(state.directory(HostState.Part.CONSUMED).resolve("a-package"))
                .exists();
        assertThat(state.directory(HostState.Part.ARRIVALS).resolve("a-journal"))
                .hasContent("steps");
        assertThat(directory.resolve("taken")).doesNotExist();

        Files.createDirectory(directory.resolve("taken"));
        HostState.open(directory);
        assertThat(directory.resolve("taken")).as("taken over once").exists();
    }

    @Test
    void anInterruptedTakeOverIsFinished() throws Exception {
        String image = "sha256-" + "cd".repeat(32) + ".raw";
        PrivateFiles.makeDirectory(directory.resolve("images"));
        Files.writeString(directory.resolve(image), "an image");
        Files.createLink(directory.resolve("images").resolve(image), directory.resolve(image));
        PrivateFiles.makeDirectory(directory.resolve("taken"));

        HostState state = HostState.open(directory);

        assertThat(state.directory(HostState.Part.IMAGES).resolve(image)).hasContent("an image");
        assertThat(state.directory(HostState.Part.CONSUMED)).isDirectory();
    }

    @Test
    void aLayoutOfANewerVersionIsLeftAlone() throws Exception {
        HostState.open(directory);
        Files.writeString(directory.resolve("layout"), "vmmig host state, layout 7\n");

        assertThatThrownBy(() -> HostState.open(directory))
                .isInstanceOf(VmmigException.class)
                .hasMessageContaining("layout 7");
    }

    @Test
    void aDirectoryOfAnotherUserIsRefusedByName() throws Exception {
        HostState.open(directory);
        Path foreign = foreign();

        assertThatThrownBy(() -> HostState.open(foreign.startsWith(directory) ? directory : foreign))
                .isInstanceOf(VmmigException.class)
                .hasMessageContaining(foreign.toString())
                .hasMessageContaining("belongs to");
    }

    @Test
    void aDirectoryThatOthersCanWriteIsRefusedByName() throws Exception {
        HostState.open(directory);
        for (Path open : new Path[] {directory, directory.resolve("consumed"), directory.resolve("images")}) {
            for (String permissions : new String[] {"rwxrwx---", "rwx----w-"}) {
                Files.setPosixFilePermissions(open, PosixFilePermissions.fromString(permissions));
                assertThatThrownBy(() -> HostState.open(directory))
                        .isInstanceOf(VmmigException.class)
                        .hasMessageContaining(open + " can be written by other users");
                Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwx--x--x"));
            }
        }
        HostState.open(directory);
    }

    /** Root gives its own away, part by part; anybody else knows a directory that is not theirs. */
    private Path foreign() throws Exception {
        if (!Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0)) {
            return Path.of("/usr");
        }
        Path departures = directory.resolve("departures");
        Files.setAttribute(departures, "unix:uid", NOBODY);
        return departures;
    }
}
