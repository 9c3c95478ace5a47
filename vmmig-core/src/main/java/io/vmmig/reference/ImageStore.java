// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.bundle.ImageFormat;
import io.vmmig.bundle.Manifest;
import io.vmmig.content.Digest;
import io.vmmig.error.IncompatibleException;
import io.vmmig.error.IntegrityException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.files.NewFile;
import io.vmmig.files.Ownership;
import io.vmmig.files.PrivateFiles;
import io.vmmig.qcow2.Qcow2Header;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A directory of content that guests are based on: base images, kernels, ramdisks. Content that both ends hold is not sent; a
 * package refers to it by its SHA-256.
 *
 * <p>A store also remembers such content elsewhere on this host without copying it, so that files that guests of this host have
 * used are found again when the guests return. Such a file is used in place, as long as its digest is unchanged.
 *
 * <p>The files are named after their digests and must not be written to. Any number of threads and processes may use a store at
 * once. Where a method throws {@link VmmigException}, it does so also with {@link Problem#FILE_FAILED} when the directory cannot
 * be used, and with {@link Problem#DISK_FULL} when it is full.
 */
public final class ImageStore {
    private static final Logger LOG = LoggerFactory.getLogger(ImageStore.class);
    private static final Pattern NAME = Pattern.compile("sha256-([0-9a-f]{64})\\.(qcow2|raw)");
    private static final String ADDING = ".adding-";
    private static final String REFERENCES = "references";
    private static final String REMEMBERED = ".remembered";

    private final Path directory;
    private final FileDigests digests;
    private final RememberedFiles remembered;
    private final Object referencesLock = new Object();
    private @Nullable ReferenceStore references;

    private ImageStore(Path directory) {
        this.directory = directory;
        this.digests = new FileDigests(directory.resolve(".digests"));
        this.remembered = new RememberedFiles(directory.resolve(REMEMBERED));
    }

    /**
     * The store in that directory. A missing directory is created so that others, such as QEMU's user, can pass through but not
     * list it. An existing one keeps its permissions, and is refused if it belongs to another user or others can write to it.
     */
    public static ImageStore at(Path directory) throws VmmigException {
        Path absolute = directory.toAbsolutePath().normalize();
        try {
            PrivateFiles.makeDirectory(absolute, "rwx--x--x");
            Ownership.requireOwn(absolute);
        } catch (IOException e) {
            throw failed("the image store " + absolute + " cannot be used", e);
        }
        return new ImageStore(absolute);
    }

    /** Its absolute path. */
    public Path directory() {
        return directory;
    }

    /**
     * The pages of the images, kernels and ramdisks of this store, and of other files that this host knows; its indexes are in a
     * subdirectory. The same object at each call, open as long as this store is used.
     */
    public ReferenceStore references() throws VmmigException {
        synchronized (referencesLock) {
            ReferenceStore open = references;
            if (open == null) {
                open = ReferenceStore.open(directory.resolve(REFERENCES), this);
                references = open;
            }
            return open;
        }
    }

    /**
     * Copies an image, a kernel or a ramdisk into the store, unless it is already there and intact. No guest may write to it
     * meanwhile. Its index of pages is built in the background.
     *
     * @param format the image's format; {@link ImageFormat#RAW} for kernels and ramdisks. A qcow2 image must not have a backing
     *     file of its own
     * @return its digest
     * @throws VmmigException with {@link Problem#DISK_UNSUPPORTED} or {@link Problem#IMAGE_MALFORMED} if the image cannot be a
     *     base image, with {@link Problem#FILE_FAILED} if it cannot be read or copied
     */
    public Digest add(Path image, ImageFormat format) throws VmmigException {
        try {
            FileStamp before = FileStamp.of(image);
            requireStandalone(image, format);
            if (holdsOneOfThatSize(image, format)) {
                Digest digest = digests.of(image);
                if (isIntact(fileOf(digest, format), digest)) {
                    return digest;
                }
            }
            try (InputStream in = Files.newInputStream(image)) {
                return copy(in, format, (copy, actual) -> {
                    if (!before.holds(image)) {
                        throw FileDigests.changed(image);
                    }
                });
            }
        } catch (IOException e) {
            throw failed("could not add " + image + " to the image store " + directory, e);
        }
    }

    /**
     * Adds an image, a kernel or a ramdisk from a stream, if its digest matches. If it is already there and intact, the stream is
     * not read.
     *
     * @param content is not closed
     * @param format as for {@link #add(Path, ImageFormat)}
     * @throws IntegrityException with {@link Problem#DIGEST_MISMATCH} if it has another digest
     * @throws VmmigException as {@link #add(Path, ImageFormat)}
     */
    public void add(InputStream content, ImageFormat format, Digest digest) throws VmmigException {
        try {
            if (!isIntact(fileOf(digest, format), digest)) {
                copy(content, format, (copy, actual) -> {
                    requireSame(actual, digest);
                    requireStandalone(copy, format);
                });
            }
        } catch (IOException e) {
            throw failed("could not add " + digest + " to the image store " + directory, e);
        }
    }

    /**
     * Remembers an image, a kernel or a ramdisk elsewhere on this host without copying it: guests that need it use that file, if
     * it is unchanged by then and no guest writes to it. So name only files that nobody else on this host can write to. Files of
     * guests that leave this host are remembered automatically.
     *
     * @param format as for {@link #add(Path, ImageFormat)}
     * @return the digest by which it is known
     * @throws VmmigException as {@link #add(Path, ImageFormat)}
     */
    public Digest remember(Path image, ImageFormat format) throws VmmigException {
        try {
            requireStandalone(image, format);
            Digest digest = digests.of(image);
            if (!image.toRealPath().startsWith(directory.toRealPath())) {
                remembered.remember(image, format, digest);
            }
            return digest;
        } catch (IOException e) {
            throw failed("could not remember " + image + " in the image store " + directory, e);
        }
    }

    /** Remembered files elsewhere on this host that still exist; their content is not checked. */
    public List<BaseImage> remembered() throws VmmigException {
        try {
            return List.copyOf(remembered.list());
        } catch (IOException e) {
            throw failed("could not list what the image store " + directory + " remembers", e);
        }
    }

    /** Removes unfinished files of programs that have ended, for example by a crash. */
    public void removeUnfinished() throws VmmigException {
        try {
            PrivateFiles.sweep(directory, ADDING);
            remembered.removeUnfinished();
            references().removeUnfinished();
        } catch (IOException e) {
            throw failed("could not clean up the image store " + directory, e);
        }
    }

    private static PageLayout layoutOf(Path image, ImageFormat format) throws IOException {
        if (format == ImageFormat.RAW && BootContent.recognises(image)) {
            return PageLayout.BOOT_2;
        }
        return PageLayout.of(Manifest.Reference.Kind.of(format));
    }

    private static void requireStandalone(Path image, ImageFormat format) throws IOException, VmmigException {
        if (format == ImageFormat.RAW) {
            return;
        }
        Qcow2Header header;
        try (InputStream in = Files.newInputStream(image)) {
            header = Qcow2Header.read(in, "image " + image);
        }
        if (header.backing() != null) {
            throw new IncompatibleException(
                    Problem.DISK_UNSUPPORTED,
                    "image " + image + " has a backing file of its own, so it cannot be a base image",
                    "Make one image of both with qemu-img convert.");
        }
    }

    private boolean holdsOneOfThatSize(Path image, ImageFormat format) throws IOException, VmmigException {
        long bytes = Files.size(image);
        return list().stream().anyMatch(held -> held.bytes() == bytes && held.format() == format);
    }

    private boolean isIntact(Path file, Digest digest) throws IOException {
        return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                && digests.of(file).equals(digest);
    }

    private static void requireSame(Digest actual, Digest expected) throws IntegrityException {
        if (!actual.equals(expected)) {
            throw new IntegrityException(
                    Problem.DIGEST_MISMATCH,
                    "what was received as " + expected + " is " + actual,
                    "Find out who has changed it, and get an intact copy.");
        }
    }

    /** Refuses a copy. */
    private interface Check {
        void require(Path copy, Digest actual) throws IOException, VmmigException;
    }

    private Digest copy(InputStream content, ImageFormat format, Check check) throws IOException, VmmigException {
        PrivateFiles.sweep(directory, ADDING);
        MessageDigest sha256 = Digest.newSha256();
        Path beside = directory.resolve(PrivateFiles.unfinishedName(ADDING));
        try (NewFile copy = NewFile.create(beside)) {
            copy.append(content, Long.MAX_VALUE, sha256);
            Digest digest = Digest.of(sha256);
            check.require(beside, digest);
            Path file = fileOf(digest, format);
            if (!isIntact(file, digest)) {
                copy.finishAs(file);
                // Only this method had the file open for writing, so its timestamps can be trusted at once.
                digests.remember(file, FileStamp.of(file), digest);
            }
            references().prepare(digest, layoutOf(file, format));
            return digest;
        }
    }

    /**
     * The content with that digest, if it is held here or remembered elsewhere on this host. It is not verified: use {@link
     * #verified(Digest)} before a guest is based on it.
     */
    public Optional<BaseImage> find(Digest digest) throws VmmigException {
        for (ImageFormat format : ImageFormat.values()) {
            Optional<BaseImage> image = find(digest, format);
            if (image.isPresent()) {
                return image;
            }
        }
        return Optional.empty();
    }

    private Optional<BaseImage> find(Digest digest, ImageFormat format) throws VmmigException {
        Path file = fileOf(digest, format);
        try {
            BasicFileAttributes attributes =
                    Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            return attributes.isRegularFile()
                    ? Optional.of(new BaseImage(digest, file, format, attributes.size(), false))
                    : Optional.empty();
        } catch (NoSuchFileException e) {
            return findElsewhere(digest, format);
        } catch (IOException e) {
            throw failed("could not look into the image store " + directory, e);
        }
    }

    private Optional<BaseImage> findElsewhere(Digest digest, ImageFormat format) throws VmmigException {
        try {
            return remembered.find(digest, format);
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw failed("could not look for what the image store " + directory + " remembers", e);
        }
    }

    /**
     * The content with that digest, verified. Reads the whole file, unless neither it nor its inode has changed since the last
     * time.
     *
     * @throws IncompatibleException with {@link Problem#BASE_IMAGE_MISSING} if it is not held
     * @throws IntegrityException with {@link Problem#BASE_IMAGE_DAMAGED} if it has changed
     */
    public BaseImage verified(Digest digest) throws VmmigException {
        return verified(find(digest).orElseThrow(() -> missing("no image with the digest " + digest)));
    }

    /**
     * As {@link #verified(Digest)}, for an image of exactly that format. A guest must never use a base image in another format
     * than the one it was added with: raw content could pose as a qcow2 image with a backing file of its choice.
     *
     * @throws IncompatibleException with {@link Problem#BASE_IMAGE_MISSING} also if it is held in another format only
     */
    public BaseImage verified(Digest digest, ImageFormat format) throws VmmigException {
        return verified(find(digest, format)
                .orElseThrow(() -> missing("no " + format.word() + " image with the digest " + digest)));
    }

    /** As {@link #verified(Digest)}, but empty if it is neither held nor remembered, or if the remembered file has changed. */
    public Optional<BaseImage> intact(Digest digest) throws VmmigException {
        try {
            return Optional.of(verified(digest));
        } catch (IncompatibleException e) {
            LOG.debug("{} is not here", digest, e);
            return Optional.empty();
        }
    }

    private IncompatibleException missing(String what) {
        return new IncompatibleException(
                Problem.BASE_IMAGE_MISSING,
                "the image store " + directory + " holds " + what,
                "Add a copy of the source's image there, with ImageStore.add, or have the source include it in the package, with"
                        + " Migrator.withBaseImages.");
    }

    private BaseImage verified(BaseImage image) throws VmmigException {
        Digest actual;
        try {
            actual = digests.of(image.path());
        } catch (IOException e) {
            throw failed("could not verify the base image " + image.path(), e);
        }
        if (!actual.equals(image.digest()) && image.inPlace()) {
            throw missing("no image with the digest " + image.digest() + ", and " + image.path()
                    + ", which had it, has been changed since");
        }
        if (!actual.equals(image.digest())) {
            throw new IntegrityException(
                    Problem.BASE_IMAGE_DAMAGED,
                    "the base image " + image.path() + " was changed: its digest is " + actual,
                    "Add an intact copy with ImageStore.add, and find out who writes to the image store.");
        }
        return image;
    }

    /**
     * The digest of any file, in the store or not. The store caches it until the file changes, so that base images are not read
     * for each migration.
     *
     * @throws IOException if the file cannot be read, or changes meanwhile
     */
    public Digest digestOf(Path file) throws IOException {
        return digests.of(file);
    }

    /** All content held here, by name, without what is {@link #remembered()} elsewhere. */
    public List<BaseImage> list() throws VmmigException {
        List<BaseImage> images = new ArrayList<>();
        try {
            for (Path entry : PrivateFiles.list(directory)) {
                Matcher name = NAME.matcher(entry.getFileName().toString());
                if (name.matches()) {
                    ImageFormat format = ImageFormat.of(name.group(2)).orElseThrow();
                    find(new Digest(name.group(1)), format).ifPresent(images::add);
                }
            }
        } catch (IOException e) {
            throw failed("could not list the image store " + directory, e);
        }
        return List.copyOf(images);
    }

    /**
     * Removes the content with that digest from this store, and forgets its locations elsewhere; files elsewhere stay. A guest
     * based on removed content keeps running until it is shut off, and cannot be started any more.
     *
     * @return whether there was any
     */
    public boolean remove(Digest digest) throws VmmigException {
        boolean removed = false;
        try {
            for (ImageFormat format : ImageFormat.values()) {
                Path file = fileOf(digest, format);
                removed |= Files.deleteIfExists(file) | remembered.forget(digest, format);
                digests.forget(file);
            }
        } catch (IOException e) {
            throw failed("could not remove " + digest + " from the image store " + directory, e);
        }
        return removed;
    }

    private Path fileOf(Digest digest, ImageFormat format) {
        return directory.resolve("sha256-" + digest.hex() + "." + format.word());
    }

    private static VmmigException failed(String what, IOException e) {
        return VmmigException.from(e, Problem.FILE_FAILED, what, "Check the path and its permissions.");
    }
}
