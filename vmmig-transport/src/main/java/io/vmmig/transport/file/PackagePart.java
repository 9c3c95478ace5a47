// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.file;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.files.FileIdentity;
import io.vmmig.files.NewFile;
import io.vmmig.transport.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A package that is on its way to become a file: until the guest is handed over it lies beside its place, under a name that only
 * this migration has. So after a crash the names tell how the hand-over ended.
 *
 * @param file where it is to be, absolute
 * @param packageId which package it is
 */
record PackagePart(Path file, UUID packageId) {
    /** Where it lies until then; a name that people recognise. */
    Path path() {
        return file.resolveSibling("." + Objects.requireNonNull(file.getFileName()) + "." + packageId + ".vmmig-part");
    }

    /** What makes the part this very file, also under its last name; to be recorded before it gets that. */
    String identity() throws IOException {
        return FileIdentity.of(path()).toString();
    }

    /**
     * How a hand-over ended that was cut short, or of which the file system has said that it failed. If the package has not got its
     * name it never will: it is removed.
     *
     * @param recorded what {@link #identity} was; null if that is not known
     * @return {@link Outcome#TAKEN} only when its name is on the disk; {@link Outcome#UNHEARD_OF} when neither is there, or another file
     *     in its place
     * @throws VmmigException with {@link Problem#FILE_FAILED} when it cannot be told
     */
    Outcome resolve(@Nullable String recorded) throws VmmigException {
        try {
            Path part = path();
            boolean left = Files.exists(part, LinkOption.NOFOLLOW_LINKS);
            FileIdentity ours = left ? FileIdentity.of(part) : parsed(recorded);
            if (isNamed(ours)) {
                // It gets its name as a second one, and the first one goes after that.
                NewFile.syncDirectoryOf(file);
                Files.deleteIfExists(part);
                return Outcome.TAKEN;
            }
            if (!left) {
                return Outcome.UNHEARD_OF;
            }
            Files.delete(part);
            NewFile.syncDirectoryOf(file);
            // A server of files may have named it though it had said that this failed.
            return isNamed(ours) ? Outcome.TAKEN : Outcome.NOT_TAKEN;
        } catch (IOException e) {
            throw VmmigException.from(
                    e,
                    Problem.FILE_FAILED,
                    "it cannot be told whether the package " + file + " is complete",
                    "Check the directory, then recover again.");
        }
    }

    private static @Nullable FileIdentity parsed(@Nullable String recorded) {
        return recorded == null ? null : FileIdentity.parse(recorded).orElse(null);
    }

    /** @param ours null if any file of that name has to be taken for it */
    private boolean isNamed(@Nullable FileIdentity ours) throws IOException {
        return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                && (ours == null || ours.sameAs(FileIdentity.of(file)));
    }
}
