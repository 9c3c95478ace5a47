// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.IntegrityException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.files.NewFile;
import io.vmmig.files.PrivateFiles;
import io.vmmig.state.HostState;
import io.vmmig.transport.Outcome;
import io.vmmig.transport.StoredPackages;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The packages that this host has consumed, so that none is restored a second time, and those that it has refused for good. Each has a
 * file: empty before the guest is resumed, and with a word for resumed or refused after that.
 */
public record ConsumedPackages(Path directory) implements StoredPackages {
    private static final Logger LOG = LoggerFactory.getLogger(ConsumedPackages.class);
    /** Older packages are refused by the maximum age of signatures. */
    private static final Duration REMEMBERED = Duration.ofDays(1000);

    private static final String REFUSED = "refused\n";
    private static final String TAKEN = "taken\n";
    private static final String UNFINISHED = ".";

    /** Those of a host. */
    public static ConsumedPackages of(HostState state) {
        return new ConsumedPackages(state.directory(HostState.Part.CONSUMED));
    }

    /**
     * @throws IntegrityException with {@link Problem#PACKAGE_REPLAYED} if the package was consumed or refused before
     */
    void requireNew(UUID packageId) throws IntegrityException {
        if (Files.exists(markOf(packageId))) {
            throw replayed(packageId, null);
        }
    }

    /**
     * Records durably that a package is consumed.
     *
     * @throws IntegrityException with {@link Problem#PACKAGE_REPLAYED} if it was consumed or refused before
     */
    void add(UUID packageId) throws VmmigException {
        Path mark = markOf(packageId);
        try {
            PrivateFiles.makeDirectory(directory);
            Files.createFile(mark, NewFile.OWNER_ONLY);
            NewFile.syncDirectoryOf(mark);
            sweep();
        } catch (FileAlreadyExistsException e) {
            throw replayed(packageId, e);
        } catch (IOException e) {
            throw VmmigException.from(
                    e,
                    Problem.FILE_FAILED,
                    "could not record that the package is consumed, in " + directory,
                    "Check the directory and its disk.");
        }
    }

    @Override
    public Outcome outcomeOf(UUID packageId) throws VmmigException {
        try {
            return switch (Files.readString(markOf(packageId), StandardCharsets.US_ASCII)) {
                case TAKEN -> Outcome.TAKEN;
                case REFUSED -> Outcome.NOT_TAKEN;
                default -> Outcome.UNDER_WAY;
            };
        } catch (NoSuchFileException e) {
            return Outcome.UNHEARD_OF;
        } catch (IOException e) {
            throw unread(e);
        }
    }

    private Path markOf(UUID packageId) {
        return directory.resolve(packageId.toString());
    }

    /** Records that the guest of a package runs here. If that fails, a person has to tell the source. */
    void confirm(UUID packageId) {
        try {
            PrivateFiles.replace(markOf(packageId), TAKEN.getBytes(StandardCharsets.US_ASCII), UNFINISHED);
        } catch (IOException e) {
            LOG.warn("package {} was consumed, which could not be recorded in {}", packageId, directory, e);
        }
    }

    private VmmigException unread(IOException e) {
        return VmmigException.from(
                e,
                Problem.FILE_FAILED,
                "could not read which packages were consumed, in " + directory,
                "Check the directory and its disk.");
    }

    /** {@inheritDoc} If {@link #add} came first, that one counts. */
    @Override
    public boolean refuse(UUID packageId) throws VmmigException {
        Path mark = markOf(packageId);
        try {
            PrivateFiles.makeDirectory(directory);
            Path whole = directory.resolve(PrivateFiles.unfinishedName(UNFINISHED));
            try (NewFile refusal = NewFile.create(whole)) {
                refusal.write(ByteBuffer.wrap(REFUSED.getBytes(StandardCharsets.US_ASCII)), 0);
                refusal.finish();
                Files.createLink(mark, whole);
            } finally {
                Files.deleteIfExists(whole);
            }
            NewFile.syncDirectoryOf(mark);
            return true;
        } catch (FileAlreadyExistsException e) {
            return outcomeOf(packageId) == Outcome.NOT_TAKEN;
        } catch (IOException e) {
            throw unread(e);
        }
    }

    /** Removes the record, since nothing of the package runs here. A refusal stays. */
    void remove(UUID packageId) {
        try {
            Path mark = markOf(packageId);
            if (Files.exists(mark) && Files.size(mark) == 0) {
                Files.deleteIfExists(mark);
            }
        } catch (IOException e) {
            LOG.warn(
                    "package {} was not consumed after all, which could not be recorded in {}",
                    packageId,
                    directory,
                    e);
        }
    }

    /** Removes old records. A failure does not affect any guest. */
    private void sweep() throws IOException {
        for (Path mark : PrivateFiles.list(directory)) {
            try {
                PrivateFiles.deleteIfOlder(mark, REMEMBERED);
            } catch (IOException e) {
                LOG.warn("{} is no longer needed, and could not be removed", mark, e);
            }
        }
    }

    private static IntegrityException replayed(UUID packageId, @Nullable Throwable e) {
        return new IntegrityException(
                Problem.PACKAGE_REPLAYED,
                "the package " + packageId + " was restored here before, or refused for good",
                "Its guest has continued since, here or at its source. If you want a copy of it as it was, give that a new"
                        + " uuid and name.",
                e);
    }
}
