// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.Failure;
import io.vmmig.IntegrityException;
import io.vmmig.Problem;
import io.vmmig.VmmigException;
import io.vmmig.qcow2.NewFile;
import io.vmmig.qcow2.PrivateFiles;
import io.vmmig.state.HostState;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The packages that this host has taken in, so that none comes to life a second time. An empty file for each. */
final class ConsumedPackages {
    private static final Logger LOG = LoggerFactory.getLogger(ConsumedPackages.class);
    /** A package that is older is for the signatures' maximum age to refuse. */
    private static final Duration REMEMBERED = Duration.ofDays(1000);

    private final Path directory;

    private ConsumedPackages(Path directory) {
        this.directory = directory;
    }

    static ConsumedPackages of(HostState state) {
        return new ConsumedPackages(state.directory(HostState.Part.CONSUMED));
    }

    /** @throws IntegrityException with {@link Problem#PACKAGE_REPLAYED} if the package was taken in before */
    void requireNew(UUID packageId) throws IntegrityException {
        if (Files.exists(directory.resolve(packageId.toString()))) {
            throw replayed(packageId, null);
        }
    }

    /**
     * Notes that a package is taken in, durably.
     *
     * @throws IntegrityException with {@link Problem#PACKAGE_REPLAYED} if it was before
     */
    void add(UUID packageId) throws VmmigException {
        Path mark = directory.resolve(packageId.toString());
        try {
            PrivateFiles.makeDirectory(directory);
            Files.createFile(mark, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            NewFile.syncDirectoryOf(mark);
            sweep();
        } catch (FileAlreadyExistsException e) {
            throw replayed(packageId, e);
        } catch (IOException e) {
            throw VmmigException.from(
                    e,
                    Problem.FILE_FAILED,
                    "it could not be noted that the package is taken in, in " + directory,
                    "Check the directory and its disk.");
        }
    }

    /** Takes it back, since nothing of it lives here. */
    void remove(UUID packageId) {
        try {
            Files.deleteIfExists(directory.resolve(packageId.toString()));
        } catch (IOException e) {
            LOG.warn("package {} was not taken in after all, and {} says that it was", packageId, directory, e);
        }
    }

    private void sweep() throws IOException {
        for (Path mark : PrivateFiles.list(directory)) {
            PrivateFiles.deleteIfOlder(mark, REMEMBERED);
        }
    }

    private static IntegrityException replayed(UUID packageId, @Nullable Throwable e) {
        return new IntegrityException(
                Failure.of(
                        Problem.PACKAGE_REPLAYED,
                        "the package " + packageId + " was taken in here before",
                        "Its guest has gone on since. If you want a copy of it as it was, give that a new uuid and name."),
                e);
    }
}
