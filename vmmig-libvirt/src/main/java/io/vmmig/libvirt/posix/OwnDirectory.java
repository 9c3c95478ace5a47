// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.posix;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** A directory that every program of this user finds, and that no other user can enter. */
public final class OwnDirectory {
    static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");

    private OwnDirectory() {}

    /**
     * The first usable candidate; it is empty after a reboot, unless it is in {@code otherwise}.
     *
     * @param otherwise the fallback
     */
    public static Path ofThisUser(Path otherwise) throws IOException {
        int user = LibC.geteuid();
        if (user == 0) {
            return in(Path.of("/run"), "vmmig");
        }
        Path runtime = Path.of("/run/user", Integer.toString(user));
        return Files.isDirectory(runtime) ? in(runtime, "vmmig") : in(otherwise, "vmmig-" + user);
    }

    /** Creates it if necessary, and checks that no other user could have put something else there. */
    public static Path in(Path parent, String name) throws IOException {
        Path directory = parent.resolve(name);
        try {
            Files.createDirectory(directory, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
        } catch (FileAlreadyExistsException e) {
            if (!isPrivate(directory)) {
                throw new IOException(directory + " is not a directory that only this user can enter", e);
            }
        }
        return directory;
    }

    /** Whether it is a directory, and no link to one, that this user alone can enter. */
    static boolean isPrivate(Path directory) throws IOException {
        PosixFileAttributes attributes =
                Files.readAttributes(directory, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        return attributes.isDirectory()
                && attributes.permissions().equals(OWNER_ONLY)
                && Files.getAttribute(directory, "unix:uid", LinkOption.NOFOLLOW_LINKS)
                        .equals(LibC.geteuid());
    }
}
