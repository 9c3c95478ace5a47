// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.Problem;
import io.vmmig.VmmigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/**
 * A package that is on its way to become a file: until the guest is handed over it lies beside its place, under a name that only
 * this migration has. So after a crash the names tell how the hand-over ended.
 *
 * @param file where it is to be, absolute
 * @param packageId which package it is
 */
public record PackagePart(Path file, UUID packageId) {
    private static final String SCHEME = "file:";

    /** The address by which {@link #at} finds it again. */
    public static String address(Path file) {
        return SCHEME + file;
    }

    /** That of this package, if the address is that of a file. */
    public static Optional<PackagePart> at(String address, UUID packageId) {
        return address.startsWith(SCHEME)
                ? Optional.of(new PackagePart(Path.of(address.substring(SCHEME.length())), packageId))
                : Optional.empty();
    }

    /** Where it lies until then; a name that people recognise. */
    public Path path() {
        return file.resolveSibling("." + Objects.requireNonNull(file.getFileName()) + "." + packageId + ".vmmig-part");
    }

    /**
     * How a hand-over ended that a crash has cut short. If the package had not got its name yet it never will: it is removed.
     *
     * @return {@link Outcome#UNHEARD_OF} if neither is there
     * @throws VmmigException with {@link Problem#FILE_FAILED} when it cannot be told
     */
    public Outcome settle() throws VmmigException {
        Path part = path();
        boolean named = Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS);
        try {
            if (!Files.exists(part, LinkOption.NOFOLLOW_LINKS)) {
                return named ? Outcome.TAKEN : Outcome.UNHEARD_OF;
            }
            // It gets its name as a second one, and the first one goes after that.
            boolean both = named && Files.isSameFile(part, file);
            Files.delete(part);
            return both ? Outcome.TAKEN : Outcome.NOT_TAKEN;
        } catch (IOException e) {
            throw VmmigException.from(
                    e,
                    Problem.FILE_FAILED,
                    "it cannot be told whether the package " + file + " is complete",
                    "Check the directory, then recover again.");
        }
    }
}
