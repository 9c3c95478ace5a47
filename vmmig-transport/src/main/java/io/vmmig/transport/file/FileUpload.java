// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.file;

import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageReader;
import io.vmmig.error.Problem;
import io.vmmig.error.TransportException;
import io.vmmig.error.VmmigException;
import io.vmmig.files.NewFile;
import io.vmmig.transport.HandOverJournal;
import io.vmmig.transport.Outcome;
import io.vmmig.transport.stored.PackageSealing;
import io.vmmig.transport.stored.StagedUpload;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes a package file under another name, and renames it when it is published. */
final class FileUpload extends StagedUpload<SyncedOutput> {
    private static final Logger LOG = LoggerFactory.getLogger(FileUpload.class);
    private static final long NEARLY_FULL_BYTES = 1 << 20;

    private final Path file;
    private final boolean replacing;
    private final Names names;
    private volatile @Nullable Path part;

    FileUpload(Path file, boolean replacing, List<PackageReader.Outline> earlier, PackageSealing sealing) {
        this(file, replacing, earlier, sealing, Names.ON_DISK);
    }

    FileUpload(Path file, boolean replacing, List<PackageReader.Outline> earlier, PackageSealing sealing, Names names) {
        super(file.toString(), sealing, earlier);
        this.names = names;
        this.file = file;
        this.replacing = replacing;
    }

    @Override
    protected void requireRoom(Manifest manifest) throws VmmigException {
        long free;
        try {
            free = Files.getFileStore(Names.directoryOf(file)).getUsableSpace();
        } catch (IOException e) {
            throw explained(e);
        }
        long needed = leastNeeded(manifest);
        if (free < needed) {
            throw new TransportException(
                    Problem.DISK_FULL,
                    "there are " + mib(free) + " MiB free for " + file
                            + ", and the package will hardly be smaller than " + mib(needed) + " MiB",
                    "Free some space, or choose another directory.");
        }
    }

    @Override
    protected SyncedOutput open(UUID id) throws IOException {
        Path beside = new PackagePart(file, id).path();
        Files.createFile(beside, NewFile.OWNER_ONLY);
        part = beside;
        return SyncedOutput.of(beside);
    }

    /**
     * A package has never been smaller than this: at best an idle guest's memory shrinks to a fiftieth, and its disks to a fifth. Asking
     * for more would refuse guests that do fit; and if the disk fills up after all, the guest just continues at the source.
     */
    static long leastNeeded(Manifest manifest) {
        long disks = 0;
        for (Manifest.Disk disk : manifest.disks()) {
            for (Manifest.Layer layer : disk.layers()) {
                disks += layer.fileBytes() / 8;
            }
        }
        return manifest.memoryBytes() / 64 + disks;
    }

    @Override
    protected void complete(SyncedOutput written) throws IOException {
        written.sync();
    }

    @Override
    protected void publish(UUID id, SyncedOutput output, HandOverJournal journal) throws VmmigException {
        PackagePart written = new PackagePart(file, id);
        @Nullable String identity = null;
        try {
            output.close();
            identity = written.identity();
            journal.record(identity);
            name(written.path());
            names.sync(Names.directoryOf(file));
            deletePart();
        } catch (IOException e) {
            resolve(written, identity, e);
        } catch (VmmigException e) {
            deletePart();
            throw e;
        }
    }

    private void name(Path written) throws IOException {
        if (replacing) {
            names.replace(written, file);
        } else {
            names.publish(written, file);
        }
    }

    /** A disk or a file server may have done what it reports as failed, so only the files themselves count. */
    private void resolve(PackagePart written, @Nullable String identity, IOException why) throws VmmigException {
        Outcome outcome;
        try {
            outcome = written.resolve(identity);
        } catch (VmmigException e) {
            why.addSuppressed(e);
            throw unsure(why);
        }
        switch (outcome) {
            case TAKEN -> LOG.warn("{} is complete, although its file system has reported a failure", file, why);
            case NOT_TAKEN ->
                throw why instanceof FileAlreadyExistsException ? PackageFile.alreadyThere(file) : explained(why);
            case UNDER_WAY, UNHEARD_OF -> throw unsure(why);
        }
    }

    /** The package may be there, and may be gone after a power cut. */
    private VmmigException unsure(IOException e) {
        return new TransportException(
                Problem.OUTCOME_UNKNOWN,
                "the package " + file + " is complete, but it is not certain that its name is on the disk",
                "Check the disk, then recover.",
                e);
    }

    @Override
    protected void aborted(@Nullable SyncedOutput open) {
        try {
            if (open != null) {
                open.close();
            }
        } catch (IOException e) {
            LOG.debug("closing failed", e);
        }
        deletePart();
    }

    @Override
    protected VmmigException explained(IOException e) {
        VmmigException failure = VmmigException.from(
                e,
                Problem.FILE_FAILED,
                "the package " + file + " could not be written",
                "Check the directory and its disk.");
        if (failure.problem() == Problem.FILE_FAILED && isFull()) {
            return new TransportException(
                    Problem.DISK_FULL,
                    "the disk of " + file + " is full",
                    "Free some space, or choose another directory.",
                    e);
        }
        return failure;
    }

    /** The JDK's exception differs only in its message, which depends on the language. */
    private boolean isFull() {
        try {
            return Files.getFileStore(Names.directoryOf(file)).getUsableSpace() < NEARLY_FULL_BYTES;
        } catch (IOException unknown) {
            return false;
        }
    }

    private void deletePart() {
        Path written = part;
        try {
            if (written != null) {
                Files.deleteIfExists(written);
            }
        } catch (IOException e) {
            LOG.warn("{} remains and may be deleted", written, e);
        }
    }

    private static long mib(long bytes) {
        return bytes >> 20;
    }
}
