// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.file;

import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageReader;
import io.vmmig.content.Digest;
import io.vmmig.error.Failure;
import io.vmmig.error.Problem;
import io.vmmig.error.TransportException;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.HandOverJournal;
import io.vmmig.transport.Outcome;
import io.vmmig.transport.stored.PackageSealing;
import io.vmmig.transport.stored.StagedUpload;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes a package file beside its place, and moves it there when it is published. */
final class FileUpload extends StagedUpload<SyncedOutput> {
    private static final Logger LOG = LoggerFactory.getLogger(FileUpload.class);
    private static final long NEARLY_FULL_BYTES = 1 << 20;
    private static final FileAttribute<?> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private final Path file;
    private final boolean replacing;
    private final Names names;
    private final List<PackageReader.Outline> earlier;
    private volatile @Nullable Path part;

    FileUpload(Path file, boolean replacing, List<PackageReader.Outline> earlier, PackageSealing sealing) {
        this(file, replacing, earlier, sealing, Names.ON_DISK);
    }

    FileUpload(Path file, boolean replacing, List<PackageReader.Outline> earlier, PackageSealing sealing, Names names) {
        super(sealing);
        this.names = names;
        this.earlier = List.copyOf(earlier);
        this.file = file;
        this.replacing = replacing;
    }

    @Override
    protected Acceptance accepted(Manifest manifest) throws VmmigException {
        requireEarlier(manifest);
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
        return new Acceptance(held(), references(manifest));
    }

    @Override
    protected SyncedOutput open(UUID id) throws IOException {
        Path beside = new PackagePart(file, id).path();
        Files.createFile(beside, OWNER_ONLY);
        part = beside;
        return SyncedOutput.of(beside);
    }

    /** A package that was to be small would be large, and nobody would know. */
    private void requireEarlier(Manifest manifest) throws VmmigException {
        Set<Manifest.Reference> named = earlierPackages().collect(Collectors.toSet());
        if (!named.isEmpty() && manifest.references().stream().noneMatch(named::contains)) {
            throw VmmigException.of(
                    Problem.REFERENCE_MISSING,
                    "the package " + file
                            + " cannot be made upon the earlier ones, of which this host's state holds none any more",
                    "Bring the last of them back, with state.images().references().addPackage(…), and keep packages with a quota;"
                            + " or leave upon(…) away, for a package that is complete in itself.");
        }
    }

    private Stream<Manifest.Reference> earlierPackages() {
        return earlier.stream().map(outline -> new Manifest.Reference(Manifest.Reference.Kind.PACKAGE, outline.seal()));
    }

    /** Kernels and ramdisks that are in the packages which the caller has named. */
    private Set<String> held() {
        return earlier.stream()
                .flatMap(outline -> outline.bootFiles().stream())
                .map(Digest::toString)
                .collect(Collectors.toSet());
    }

    /**
     * Base images, which whoever restores the guest has to have anyway, kernel and ramdisk, which are in the package or
     * in those that the caller has named, and these.
     */
    private Set<Manifest.Reference> references(Manifest manifest) {
        return Stream.of(manifest.baseReferences().stream(), manifest.bootReferences().stream(), earlierPackages())
                .flatMap(references -> references)
                .collect(Collectors.toSet());
    }

    /**
     * Less than this, and the package does not fit by any experience: an idle guest's memory comes to a fiftieth, and the
     * contents of disks to a fifth, in the best of cases. To ask for more would turn away guests that do fit; and when the
     * disk fills up after all, the guest just goes on at the source.
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

    /** A disk, or a server of files, may have done what it says has failed; so what there is counts. */
    private void resolve(PackagePart written, @Nullable String identity, IOException why) throws VmmigException {
        Outcome outcome;
        try {
            outcome = written.resolve(identity);
        } catch (VmmigException e) {
            why.addSuppressed(e);
            throw unsure(why);
        }
        switch (outcome) {
            case TAKEN -> LOG.warn("{} is complete, though its file system has said that it failed", file, why);
            case NOT_TAKEN ->
                throw why instanceof FileAlreadyExistsException ? PackageFile.alreadyThere(file) : explained(why);
            case UNDER_WAY, UNHEARD_OF -> throw unsure(why);
        }
    }

    /** The package may be there, and if it is, it may be gone after a power cut. */
    private VmmigException unsure(IOException e) {
        return new TransportException(
                Problem.OUTCOME_UNKNOWN,
                "the package " + file + " is complete, but its directory could not be written to the disk for certain",
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
                    "the disk is full that " + file + " was to lie on",
                    "Free some space, or choose another directory.",
                    e);
        }
        return failure;
    }

    /** The JDK tells by words alone, which may be in another language than those that are known. */
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
            LOG.warn("{} is left over and may be deleted", written, e);
        }
    }

    private static long mib(long bytes) {
        return bytes >> 20;
    }
}
