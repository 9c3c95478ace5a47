// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.file;

import io.vmmig.bundle.PackageLimits;
import io.vmmig.bundle.PackageReader;
import io.vmmig.content.Digest;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.NodeKeys;
import io.vmmig.error.Problem;
import io.vmmig.error.TransportException;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.HandOverJournal;
import io.vmmig.transport.Outcome;
import io.vmmig.transport.PackageStore;
import io.vmmig.transport.PackageUpload;
import io.vmmig.transport.StoredPackage;
import io.vmmig.transport.stored.PackageSealing;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * A package as a file.
 *
 * <pre>{@code
 * PackageStore file = PackageFile.at(Path.of("/backup/web-1.vmmig")).sealedFor(identity.keys());
 * StoredPackage back = PackageFile.at(Path.of("/backup/web-1.vmmig")).openedBy(identity).open();
 * }</pre>
 *
 * <p>It holds the guest's memory, with all keys and passwords in it. So it is sealed for the hosts that may open it, in the age format
 * (age-encryption.org/v1), which {@code age -d} opens as well.
 *
 * <p>The file appears, complete and for its owner only, when the guest is handed over. Until then it is called
 * {@code .NAME.UUID.vmmig-part}; such a file remains only if the process is killed, and a {@link io.vmmig.Recovery} removes it. Immutable
 * and thread-safe.
 */
public final class PackageFile implements PackageStore {
    private final Path path;
    private final boolean replacing;
    private final Earlier earlier;
    private final PackageSealing sealing;

    /** The earlier packages that this one may be based on, by their files and by their seals. */
    private record Earlier(List<Path> files, List<PackageReader.Outline> seals) {}

    private PackageFile(Path path, boolean replacing, Earlier earlier, PackageSealing sealing) {
        this.path = path;
        this.replacing = replacing;
        this.earlier = earlier;
        this.sealing = sealing;
    }

    /**
     * The package file with that path, which need not exist yet.
     *
     * @throws VmmigException with {@link Problem#REQUEST_INVALID} when the path is not that of a file in the default file system
     */
    public static PackageFile at(Path path) throws VmmigException {
        if (path.getFileSystem() != FileSystems.getDefault()) {
            throw unusable(path + " is not a file in the default file system");
        }
        Path absolute = path.toAbsolutePath().normalize();
        if (absolute.getFileName() == null || absolute.getParent() == null) {
            throw unusable(path + " is not the name of a file");
        }
        return new PackageFile(absolute, false, new Earlier(List.of(), List.of()), PackageSealing.UNDECIDED);
    }

    private static VmmigException unusable(String why) {
        return VmmigException.of(
                Problem.REQUEST_INVALID, why, "Name a file in a directory, such as /backup/web-1.vmmig.");
    }

    /** Replaces an existing file, atomically and only by a complete package. */
    public PackageFile replacing() {
        return new PackageFile(path, true, earlier, sealing);
    }

    /**
     * Seals what is written for these hosts. Nobody else can read it, not even this host unless it is one of them.
     *
     * @param hosts at least one; see {@code HostIdentity.keys()} and {@code NodeCard.keys()}
     */
    public PackageFile sealedFor(NodeKeys... hosts) {
        return new PackageFile(path, replacing, earlier, sealing.sealedFor(hosts));
    }

    /** Writes the package unsealed: anyone who can read the file can read the guest's memory. */
    public PackageFile unsealed() {
        return new PackageFile(path, replacing, earlier, sealing.unsealed());
    }

    /** Opens packages that are sealed for {@code self}, with its current or previous keys. */
    public PackageFile openedBy(HostIdentity self) {
        return new PackageFile(path, replacing, earlier, sealing.openedBy(self));
    }

    /**
     * Writes only what has changed since an earlier package of the same guest, which is then needed to restore the guest. A kernel and a
     * ramdisk that an earlier package contains are left out as well. If the source has cached none of the earlier packages any more, it
     * refuses with {@link Problem#REFERENCE_MISSING} before the guest is paused;
     * {@code state.images().references().addPackage(earlierPackage)} caches one again.
     *
     * <p>When the guest is restored from the file, the earlier package is read too, unless the destination has cached it. May be called
     * repeatedly, oldest package first, if the earlier package is itself based on another. A new package is based on the last one.
     */
    public PackageFile upon(Path earlierPackage) {
        List<Path> more = new ArrayList<>(earlier.files());
        more.add(earlierPackage);
        return new PackageFile(path, replacing, new Earlier(more, earlier.seals()), sealing);
    }

    /**
     * As {@link #upon(Path)}, for an earlier package whose file is not at hand, or that this host cannot open. A kernel and a
     * ramdisk are not left out. To restore the guest, name the file with {@link #upon(Path)}, unless the destination has cached it.
     *
     * @param seal the digest of its seal, such as {@link io.vmmig.report.BaselineReport#seal()}
     */
    public PackageFile upon(Digest seal) {
        List<PackageReader.Outline> more = new ArrayList<>(earlier.seals());
        more.add(new PackageReader.Outline(seal, Set.of()));
        return new PackageFile(path, replacing, new Earlier(earlier.files(), more), sealing);
    }

    /** The file's absolute path. */
    public Path path() {
        return path;
    }

    /**
     * {@inheritDoc}
     *
     * @throws VmmigException with {@link Problem#REQUEST_INVALID} when the recipients of the file were not set, with
     *     {@link Problem#FILE_FAILED} when the directory does not exist or cannot be written, or when the file exists and is not to be
     *     replaced
     */
    @Override
    public PackageUpload put() throws VmmigException {
        requireReachable();
        return new FileUpload(path, replacing, outlinesOfEarlier(), sealing);
    }

    @Override
    public void requireReachable() throws VmmigException {
        sealing.requireDecided(path.toString());
        Path directory = Names.directoryOf(path);
        if (!Files.isDirectory(directory)) {
            throw failed("there is no directory " + directory, "Create it, or choose another one.");
        }
        if (!Files.isWritable(directory)) {
            throw failed(
                    "the directory " + directory + " cannot be written", "Change its permissions, or choose another.");
        }
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            if (!replacing) {
                throw alreadyThere(path);
            }
            if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
                throw failed(path + " is not a file, so it is not replaced", "Choose another name.");
            }
        }
    }

    private List<PackageReader.Outline> outlinesOfEarlier() throws VmmigException {
        List<PackageReader.Outline> outlines = new ArrayList<>(earlier.seals());
        for (Path file : earlier.files()) {
            try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
                outlines.add(PackageReader.readOutline(sealing.opened(in, file.toString()), PackageLimits.DEFAULT));
            } catch (IOException e) {
                throw new TransportException(
                        Problem.FILE_FAILED, "the earlier package " + file + " cannot be read", "Check its name.", e);
            }
        }
        return outlines;
    }

    /**
     * {@inheritDoc}
     *
     * @throws VmmigException with {@link Problem#FILE_FAILED} when there is no such file or it cannot be read
     */
    @Override
    public StoredPackage open() throws VmmigException {
        if (!Files.exists(path)) {
            throw failed("there is no file " + path, "Check its name.");
        }
        // Opening a pipe would wait for a writer.
        if (!Files.isRegularFile(path)) {
            throw failed(path + " is not a file", "Check its name.");
        }
        try {
            return new FileStoredPackage(path, new RandomAccessFile(path.toFile(), "r"), earlier.files(), sealing);
        } catch (IOException e) {
            throw new TransportException(
                    Problem.FILE_FAILED, "the package " + path + " cannot be read", "Check its permissions.", e);
        }
    }

    @Override
    public String description() {
        return "file " + path;
    }

    @Override
    public Optional<String> address() {
        return Optional.of(PackageFileProvider.SCHEME + path);
    }

    @Override
    public Outcome outcomeOf(UUID packageId, HandOverJournal journal) throws VmmigException {
        return new PackagePart(path, packageId).resolve(journal.latest().orElse(null));
    }

    @Override
    public String toString() {
        return description();
    }

    static TransportException alreadyThere(Path path) {
        return failed(path + " exists already", "Choose another name, or ask for it to be replaced.");
    }

    static TransportException failed(String what, String remedy) {
        return new TransportException(Problem.FILE_FAILED, what, remedy);
    }
}
