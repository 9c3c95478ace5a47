// SPDX-License-Identifier: Apache-2.0
package io.vmmig.files;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OwnershipTest {
    @TempDir
    Path temp;

    @Test
    void ownDirectoriesAndLinksToThemAreOurs() throws Exception {
        Ownership.requireOwn(temp);
        Ownership.requireOwn(Files.createSymbolicLink(temp.resolve("link"), temp));
    }

    @Test
    void aDirectoryOfAnotherUserIsNot() throws Exception {
        Path foreign = foreign();
        Path link = Files.createSymbolicLink(temp.resolve("link"), foreign);

        assertThatThrownBy(() -> Ownership.requireOwn(foreign))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith(foreign + " belongs to the user " + Files.getOwner(foreign));
        assertThatThrownBy(() -> Ownership.requireOwn(link)).hasMessageContaining(link + " belongs to the user");
    }

    @Test
    void whatOthersCanWriteIsNot() throws Exception {
        for (String permissions : new String[] {"rwxrwx---", "rwx----w-"}) {
            Path open = Files.createDirectory(temp.resolve(permissions));
            Files.setPosixFilePermissions(open, PosixFilePermissions.fromString(permissions));

            assertThatThrownBy(() -> Ownership.requireOwn(open))
                    .hasMessageContaining(open + " can be written by other");
        }
    }

    /** Root gives away what it has; anybody else knows a directory that is not theirs. */
    private Path foreign() throws IOException {
        if (!Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0)) {
            return Path.of("/usr");
        }
        Path foreign = Files.createDirectory(temp.resolve("foreign"));
        Files.setAttribute(foreign, "unix:uid", 65534);
        return foreign;
    }
}
