// SPDX-License-Identifier: Apache-2.0
package io.vmmig.files;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Set;

/**
 * Checks that directories and files belong to the user who runs this program. In a directory whose content is trusted (keys,
 * nodes, journals, lists of files) another owner could put anything, even if root runs the program.
 */
public final class Ownership {
    private static final int ROOT = 0;
    private static final String IDS = "Uid:";
    /** Real, effective, saved and file-system uid. */
    private static final int FILE_SYSTEM_ID = 4;

    private Ownership() {}

    /**
     * Requires that only this user can change the content of a directory. Its parents are not checked.
     *
     * @param directory the directory, or a link to it
     * @throws IOException when it, or the link, belongs to another user, or others can write there; the message names it and says
     *     so
     */
    public static void requireOwn(Path directory) throws IOException {
        Object owner = Files.getAttribute(directory, "unix:uid", LinkOption.NOFOLLOW_LINKS);
        if (!Files.isSymbolicLink(directory) || !owner.equals(ROOT)) {
            requireOwner(directory, LinkOption.NOFOLLOW_LINKS);
        }
        requireOwner(directory);
        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(directory);
        if (permissions.contains(PosixFilePermission.GROUP_WRITE)
                || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
            throw new IOException(directory + " can be written by other users (chmod go-w if nobody has)");
        }
    }

    /**
     * Requires that a file belongs to this user. The owner may let others write, such as a group.
     *
     * @throws IOException when it does not; the message names it, its owner and this user
     */
    public static void requireOwner(Path path, LinkOption... options) throws IOException {
        int owner = (Integer) Files.getAttribute(path, "unix:uid", options);
        int ours = user();
        if (owner != ours) {
            throw new IOException(path + " belongs to the user " + Files.getOwner(path, options) + " (" + owner
                    + "), and this program runs as the user " + ours);
        }
    }

    /** Not by the owner of /proc/self, which is root for programs that may not dump core. */
    private static int user() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith(IDS)) {
                return Integer.parseInt(line.split("\\s+")[FILE_SYSTEM_ID]);
            }
        }
        throw new IOException("/proc/self/status does not say which user this program runs as");
    }
}
