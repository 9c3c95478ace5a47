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
 * A package file that is being written: until the guest is handed over it has a name of its own, beside its final one. So after a crash
 * the names show how the hand-over ended.
 *
 * @param file its final path, absolute
 */
record PackagePart(Path file, UUID packageId) {
    /** Its path until then; people recognise the name. */
    Path path() {
        return file.resolveSibling("." + Objects.requireNonNull(file.getFileName()) + "." + packageId + ".vmmig-part");
    }

    /** Identifies the file under either name; to be recorded before it gets the final one. */
    String identity() throws IOException {
        return FileIdentity.of(path()).toString();
    }

    /**
     * How a hand-over ended that a crash interrupted, or that failed by the file system's word. A package that does not have its final
     * name is removed, so that it never gets it.
     *
     * @param recorded the recorded {@link #identity}; null if there is none
     * @return {@link Outcome#TAKEN} only when its final name is on the disk; {@link Outcome#UNHEARD_OF} when neither name is there, or
     *     another file has the final one
     * @throws VmmigException with {@link Problem#FILE_FAILED} when that is not known
     */
    Outcome resolve(@Nullable String recorded) throws VmmigException {
        try {
            Path part = path();
            boolean left = Files.exists(part, LinkOption.NOFOLLOW_LINKS);
            FileIdentity ours = left ? FileIdentity.of(part) : parsed(recorded);
            if (isNamed(ours)) {
                // It gets the final name as a second one, before the first one is removed.
                NewFile.syncDirectoryOf(file);
                Files.deleteIfExists(part);
                return Outcome.TAKEN;
            }
            if (!left) {
                return Outcome.UNHEARD_OF;
            }
            Files.delete(part);
            NewFile.syncDirectoryOf(file);
            // A file server may have renamed it although it reported a failure.
            return isNamed(ours) ? Outcome.TAKEN : Outcome.NOT_TAKEN;
        } catch (IOException e) {
            throw VmmigException.from(
                    e,
                    Problem.FILE_FAILED,
                    "it is not known whether the package " + file + " is complete",
                    "Check the directory, then recover again.");
        }
    }

    private static @Nullable FileIdentity parsed(@Nullable String recorded) {
        return recorded == null ? null : FileIdentity.parse(recorded).orElse(null);
    }

    /** @param ours null if any file of that name counts */
    private boolean isNamed(@Nullable FileIdentity ours) throws IOException {
        return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                && (ours == null || ours.sameAs(FileIdentity.of(file)));
    }
}
