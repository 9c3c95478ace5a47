// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageLimits;
import io.vmmig.bundle.PackageReader;
import io.vmmig.bundle.PackageSummary;
import io.vmmig.content.Digest;
import io.vmmig.error.IncompatibleException;
import io.vmmig.error.IntegrityException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.files.PrivateFiles;
import io.vmmig.files.SharedFile;
import io.vmmig.page.PageSource;
import io.vmmig.qcow2.Qcow2Image;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pages of content that both ends of a migration hold, and a directory with the indexes for finding them.
 *
 * <p>An index is built once, in the background, when {@link #prepare(Digest, PageLayout)} asks for it. Its size is about half a percent of
 * the content. An index that is damaged, outdated or missing is rebuilt. Kernels and ramdisks are stored unpacked beside their indexes.
 * Reading pages needs no index.
 *
 * <p>Thread-safe, and any number of processes may use one directory at once. Where a method throws {@link VmmigException}, it does so also
 * with {@link Problem#FILE_FAILED} when something cannot be read or written, and with {@link Problem#DISK_FULL} when there is no space
 * left.
 */
public final class ReferenceStore implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ReferenceStore.class);
    private static final Pattern NAME = Pattern.compile("sha256-([0-9a-f]{64})\\.[a-z0-9_]+\\.(index|pages)");
    private static final Duration TOUCHED_EVERY = Duration.ofDays(1);
    private static final Duration UNUSED = Duration.ofDays(30);
    private static final int CHUNK_BYTES = 1 << 20;

    private final Path directory;
    private final ImageStore images;
    private final PackageCache packages;
    private final IndexQueue indexes = new IndexQueue();
    private final ConcurrentHashMap<Path, FileStamp> verified = new ConcurrentHashMap<>();

    private ReferenceStore(Path directory, ImageStore images) {
        this.directory = directory;
        this.images = images;
        this.packages = new PackageCache(directory.resolve("packages"), indexes);
    }

    /**
     * Opens a directory, and creates it if it does not exist, accessible to its owner only. Removes unfinished files, and those that were
     * not used for a month, except for content that {@code images} holds.
     *
     * @param images holds base images, kernels and ramdisks, and knows the digests of files elsewhere
     */
    public static ReferenceStore open(Path directory, ImageStore images) throws VmmigException {
        Path absolute = directory.toAbsolutePath().normalize();
        try {
            PrivateFiles.makeDirectory(absolute);
            ReferenceStore store = new ReferenceStore(absolute, images);
            store.sweep();
            return store;
        } catch (IOException e) {
            throw failed("the reference store " + absolute + " could not be opened", e);
        }
    }

    /** The packages that this host has sent and received. */
    public PackageCache packages() {
        return packages;
    }

    /**
     * Copies a package into the cache, so that packages that refer to it can be unpacked or made here. Its own references must be available
     * here. Adds its kernel and ramdisk to the image store, since packages that refer to it leave them out.
     *
     * @return the digest of its seal, by which others refer to it
     * @throws VmmigException with {@link Problem#REFERENCE_MISSING} if one of its references is missing; as {@link PackageReader} does if
     *     it is incomplete or damaged; with {@link Problem#DISK_FULL} also if it is larger than {@link PackageCache#quota()} allows
     */
    public Digest addPackage(Path file) throws VmmigException {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), CHUNK_BYTES)) {
            return addPackage(in);
        } catch (IOException e) {
            throw failed("could not read " + file, e);
        }
    }

    private Digest addPackage(InputStream in) throws VmmigException {
        try (PackageCaching keeping = packages.begin();
                PackageCopy copy = new PackageCopy(keeping.passingFrom(in), this, images)) {
            Digest seal = copy.drain().seal();
            keeping.finishOrFail(seal);
            packages.prepare(seal, this::find);
            return seal;
        } catch (IOException e) {
            throw failed("could not read a package", e);
        }
    }

    /** Opens a package. */
    @FunctionalInterface
    public interface PackageOpener {
        /** A stream of its bytes from the first; may be called repeatedly. */
        InputStream open() throws IOException;
    }

    /**
     * As {@link #addPackage(Path)}, unless the package is cached already.
     *
     * @throws IOException the exception of {@code opener}
     */
    public void addPackageUnlessHeld(PackageOpener opener) throws IOException, VmmigException {
        PackageReader.Outline outline;
        try (InputStream in = opener.open()) {
            outline = PackageReader.readOutline(in, PackageLimits.DEFAULT);
        }
        Optional<PageSource> held = packages.find(outline.seal(), this::find);
        if (held.isEmpty()) {
            try (InputStream in = opener.open()) {
                addPackage(in);
            }
            return;
        }
        held.get().close();
        if (lacksAny(outline.bootFiles())) {
            try (InputStream in = opener.open();
                    PackageCopy copy = new PackageCopy(in, this, images)) {
                copy.takeBootFiles();
            }
        }
    }

    private boolean lacksAny(Set<Digest> contents) throws VmmigException {
        for (Digest content : contents) {
            if (images.intact(content).isEmpty()) {
                return true;
            }
        }
        return false;
    }

    /**
     * Rewrites a package that refers to earlier ones as one that does not; references to base images, kernels and ramdisks remain. Its
     * references must be available here. A kernel and a ramdisk that it leaves out are included if the image store holds them. Closes
     * neither stream.
     *
     * @throws VmmigException as {@link #addPackage} does
     */
    public PackageSummary fold(InputStream changes, OutputStream full) throws VmmigException {
        try (PackageCopy copy = new PackageCopy(changes, this, images)) {
            return copy.fold(full);
        } catch (IOException e) {
            throw failed("could not fold a package", e);
        }
    }

    Path spool(InputStream in) throws IOException {
        Path file = PrivateFiles.create(directory, PageIndexBuilder.BUILDING);
        try (OutputStream out = Files.newOutputStream(file)) {
            in.transferTo(out);
            return file;
        } catch (IOException | RuntimeException | Error e) {
            PrivateFiles.deleteOrWarn(file);
            throw e;
        }
    }

    /** The pages of a package's reference, which the caller closes; empty if it is not available here. */
    public Optional<PageSource> find(Manifest.Reference reference) throws VmmigException {
        return switch (reference.kind()) {
            case RAW, QCOW2 -> held(reference.digest(), PageLayout.of(reference.kind()));
            case BOOT, BOOT_2 -> {
                PageLayout layout = PageLayout.of(reference.kind());
                Optional<PageSource> held = held(reference.digest(), layout);
                yield held.isPresent() ? held : adopted(reference.digest(), layout);
            }
            case PACKAGE -> packages.find(reference.digest(), this::find);
        };
    }

    /**
     * The pages of content in the image store, verified; empty if the store does not hold it in the layout's format. Uses the index if it
     * exists at the first lookup. Unpacks a kernel or a ramdisk first if necessary, which may take a second.
     *
     * @return the caller closes it; closing this store does not
     * @throws IntegrityException with {@link Problem#BASE_IMAGE_DAMAGED} if the content was changed
     * @throws VmmigException with {@link Problem#IMAGE_MALFORMED} or {@link Problem#DISK_UNSUPPORTED} if it cannot be read in that layout
     */
    public Optional<PageSource> held(Digest digest, PageLayout layout) throws VmmigException {
        BaseImage image;
        try {
            image = images.verified(digest, layout.format());
        } catch (IncompatibleException e) {
            if (e.problem() == Problem.BASE_IMAGE_MISSING) {
                return Optional.empty();
            }
            throw e;
        }
        return Optional.of(pagesOf(image.path(), layout, digest));
    }

    /**
     * Stores the pages of a kernel or a ramdisk, for packages that refer to it after the file itself is gone.
     *
     * @param layouts {@link PageLayout#BOOT_1}, {@link PageLayout#BOOT_2}, or both
     * @throws IntegrityException with {@link Problem#DIGEST_MISMATCH} if the file does not have that digest
     */
    public void adopt(Path file, Digest digest, Set<PageLayout> layouts) throws VmmigException {
        try {
            if (!FileDigests.compute(file).equals(digest)) {
                throw new IntegrityException(
                        Problem.DIGEST_MISMATCH,
                        "a kernel or ramdisk is not the one that the manifest names: " + digest,
                        "Make the package again.");
            }
            for (PageLayout layout : layouts) {
                unpacked(file, layout, digest).close();
            }
        } catch (IOException e) {
            throw failed("could not unpack " + file, e);
        }
    }

    /** As {@link #adopt(Path, Digest, Set)}, from a stream. */
    public void adopt(InputStream content, Digest digest, Set<PageLayout> layouts) throws VmmigException {
        try {
            Path file = spool(content);
            try {
                adopt(file, digest, layouts);
            } finally {
                PrivateFiles.deleteOrWarn(file);
            }
        } catch (IOException e) {
            throw failed("could not keep a kernel or ramdisk", e);
        }
    }

    private Optional<PageSource> adopted(Digest digest, PageLayout layout) {
        Path pages = pathOf(digest, layout, "pages");
        String name = nameOf(digest, layout);
        try {
            return Optional.of(indexed(
                    openPages(pages, name),
                    layout,
                    digest,
                    () -> LOG.info("the index of {} will be built when it is sent next", digest)));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            LOG.warn("the pages of {} cannot be used", digest, e);
            return Optional.empty();
        }
    }

    /**
     * The pages of any file, such as a base image of a guest of this host. Otherwise as {@link #held}.
     *
     * @param digest the expected digest; the whole file is read unless it is unchanged since the last time
     * @throws IntegrityException with {@link Problem#BASE_IMAGE_DAMAGED} if the file does not have that digest
     */
    public PageSource of(Path file, PageLayout layout, Digest digest) throws VmmigException {
        requireIntact(file, digest);
        return pagesOf(file, layout, digest);
    }

    private void requireIntact(Path file, Digest digest) throws VmmigException {
        Digest actual;
        try {
            actual = images.digestOf(file);
        } catch (IOException e) {
            throw failed("could not verify " + file, e);
        }
        if (!actual.equals(digest)) {
            throw new IntegrityException(
                    Problem.BASE_IMAGE_DAMAGED,
                    file + " was changed: its digest is " + actual,
                    "Base images are not to be written to; find out who does.");
        }
    }

    private PageSource pagesOf(Path file, PageLayout layout, Digest digest) throws VmmigException {
        try {
            return indexed(contentOf(file, layout, digest), layout, digest, () -> rebuild(file, layout, digest));
        } catch (IOException e) {
            throw failed("could not read " + file, e);
        }
    }

    private PageSource indexed(PageContent content, PageLayout layout, Digest digest, Runnable onDamage) {
        return new IndexedPages(content, pathOf(digest, layout, "index"), nameOf(digest, layout), onDamage);
    }

    private PageContent contentOf(Path file, PageLayout layout, Digest digest) throws IOException, VmmigException {
        return switch (layout) {
            case RAW -> {
                SharedFile raw = SharedFile.open(file);
                yield new RawPages(raw, raw.bytes());
            }
            case QCOW2 -> new Qcow2Pages(Qcow2Image.open(file));
            case BOOT_1, BOOT_2 -> unpacked(file, layout, digest);
        };
    }

    private PageContent unpacked(Path file, PageLayout layout, Digest digest) throws IOException {
        Path pages = pathOf(digest, layout, "pages");
        String name = nameOf(digest, layout);
        try {
            return openPages(pages, name);
        } catch (NoSuchFileException e) {
            LOG.debug("{} is unpacked", file);
        } catch (IOException e) {
            LOG.warn("{} is unpacked again", file, e);
        }
        PageFile.create(file, layout, pages, PageIndexBuilder.BUILDING, name);
        return openPages(pages, name);
    }

    /** Opens a file of pages, and verifies it unless it is unchanged since the last time. */
    private PageContent openPages(Path pages, String name) throws IOException {
        FileTime used = Files.getLastModifiedTime(pages);
        if (used.toInstant().plus(TOUCHED_EVERY).isBefore(Instant.now())) {
            Files.setLastModifiedTime(pages, FileTime.from(Instant.now()));
        }
        FileStamp stamp = FileStamp.of(pages);
        boolean settled = stamp.settled();
        PageContent content = PageFile.open(pages, name, stamp.equals(verified.get(pages)));
        if (settled && stamp.holds(pages)) {
            verified.put(pages, stamp);
        }
        return content;
    }

    /**
     * Builds the index of content in the image store in the background, unless it exists. Returns at once.
     *
     * @return completes when the index exists; exceptionally with a {@link VmmigException} if it cannot be built, or a {@link
     *     CancellationException} if this store is closed
     */
    public CompletionStage<Void> prepare(Digest digest, PageLayout layout) {
        return prepare(
                digest, layout, () -> images.verified(digest, layout.format()).path());
    }

    /** As {@link #prepare(Digest, PageLayout)}, for any file of that digest. */
    public CompletionStage<Void> prepare(Path file, PageLayout layout, Digest digest) {
        return prepare(digest, layout, () -> {
            requireIntact(file, digest);
            return file;
        });
    }

    private interface FileSupplier {
        Path get() throws VmmigException;
    }

    private CompletionStage<Void> prepare(Digest digest, PageLayout layout, FileSupplier file) {
        return indexes.add(nameOf(digest, layout), () -> ensureIndex(file.get(), layout, digest));
    }

    private void ensureIndex(Path file, PageLayout layout, Digest digest) throws VmmigException {
        try (PageContent content = contentOf(file, layout, digest)) {
            PageIndexBuilder.ensure(pathOf(digest, layout, "index"), nameOf(digest, layout), content);
            sweep();
        } catch (IOException e) {
            throw failed("could not build the index of " + file, e);
        }
    }

    private void rebuild(Path file, PageLayout layout, Digest digest) {
        PrivateFiles.deleteOrWarn(pathOf(digest, layout, "index"));
        prepare(file, layout, digest);
    }

    void removeUnfinished() throws IOException {
        PrivateFiles.sweep(directory, PageIndexBuilder.BUILDING);
        packages.removeUnfinished();
    }

    /** Removes unfinished files, and files that were not used for long and whose content is not in the image store. */
    private void sweep() throws IOException, VmmigException {
        PrivateFiles.sweep(directory, PageIndexBuilder.BUILDING);
        for (Path entry : PrivateFiles.list(directory)) {
            Matcher name = NAME.matcher(entry.getFileName().toString());
            if (name.matches() && images.find(new Digest(name.group(1))).isEmpty()) {
                PrivateFiles.deleteIfOlder(entry, UNUSED);
            }
        }
    }

    private Path pathOf(Digest digest, PageLayout layout, String kind) {
        return directory.resolve("sha256-" + digest.hex() + "." + wordOf(layout) + "." + kind);
    }

    private static String nameOf(Digest digest, PageLayout layout) {
        return digest + " " + wordOf(layout);
    }

    private static String wordOf(PageLayout layout) {
        return layout.name().toLowerCase(Locale.ROOT);
    }

    /** Stops building indexes, and waits up to half a minute for that. Opened pages stay open. */
    @Override
    public void close() {
        indexes.close();
    }

    private static VmmigException failed(String what, IOException e) {
        return VmmigException.from(e, Problem.FILE_FAILED, what, "Check the path and its permissions.");
    }
}
