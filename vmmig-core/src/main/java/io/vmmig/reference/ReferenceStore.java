// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.Digest;
import io.vmmig.IncompatibleException;
import io.vmmig.IntegrityException;
import io.vmmig.Problem;
import io.vmmig.VmmigException;
import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageLimits;
import io.vmmig.bundle.PackageReader;
import io.vmmig.bundle.PackageSummary;
import io.vmmig.page.PageSource;
import io.vmmig.qcow2.Qcow2Image;
import io.vmmig.qcow2.SharedFile;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Content that both ends of a migration hold, cut into pages, and a directory with the indexes to find those pages by.
 *
 * <p>An index is built once, in the background, when {@link #prepare(Digest, PageLayout)} asks for it. It takes about half a
 * percent of the content, and nothing is lost with it: one that is damaged, outdated or gone is built again. Kernels and
 * ramdisks are kept unpacked beside theirs. Whoever only reads pages needs no index.
 *
 * <p>Thread-safe, and any number of processes may use one directory at once. Where a method throws {@link VmmigException}, it
 * does so also with {@link Problem#FILE_FAILED} when something cannot be read or written, and with {@link Problem#DISK_FULL}
 * when there is no space left.
 */
public final class ReferenceStore implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ReferenceStore.class);
    private static final Pattern NAME = Pattern.compile("sha256-([0-9a-f]{64})\\.[a-z0-9_]+\\.(index|pages)");
    private static final String BUILDING = ".building-";
    private static final Duration ABANDONED = Duration.ofDays(1);
    private static final Duration UNUSED = Duration.ofDays(30);
    private static final int CHUNK_BYTES = 1 << 20;
    private static final FileAttribute<?> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    private static final int CLOSE_SECONDS = 30;

    private final Path directory;
    private final ImageStore images;
    private final KeptPackages packages;
    private final ExecutorService builder = Executors.newSingleThreadExecutor(work -> {
        Thread thread = new Thread(work, "vmmig-references");
        thread.setDaemon(true);
        thread.setPriority(Thread.MIN_PRIORITY);
        return thread;
    });
    private final ConcurrentHashMap<String, CompletableFuture<Void>> underWay = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<Path, FileStamp> verified = new ConcurrentHashMap<>();

    private ReferenceStore(Path directory, ImageStore images) {
        this.directory = directory;
        this.images = images;
        this.packages = new KeptPackages(directory.resolve("packages"));
    }

    /**
     * Opens a directory, which is made for its owner only if it is not there. What was left unfinished in it or was not used
     * for a month is removed, except for content that {@code images} holds.
     *
     * @param images holds base images, kernels and ramdisks, and knows the digests of files elsewhere
     */
    public static ReferenceStore open(Path directory, ImageStore images) throws VmmigException {
        Path absolute = directory.toAbsolutePath().normalize();
        try {
            if (!Files.isDirectory(absolute)) {
                Files.createDirectories(
                        absolute, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            }
            ReferenceStore store = new ReferenceStore(absolute, images);
            store.sweep();
            return store;
        } catch (IOException e) {
            throw failed("the reference store " + absolute + " could not be opened", e);
        }
    }

    /** The packages that this host has sent and received. */
    public KeptPackages packages() {
        return packages;
    }

    /**
     * Keeps a copy of a package, so that packages which refer to it can be unpacked here, or made here. What it refers to
     * itself must be here.
     *
     * @return the digest of its seal, by which others refer to it
     * @throws VmmigException with {@link Problem#REFERENCE_MISSING} if something that it refers to is not here; and as
     *     {@link PackageReader} does if it is not whole or damaged
     */
    public Digest addPackage(Path file) throws VmmigException {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), CHUNK_BYTES)) {
            return addPackage(in);
        } catch (IOException e) {
            throw failed("could not read " + file, e);
        }
    }

    private Digest addPackage(InputStream in) throws VmmigException {
        try (PackageKeeping keeping = packages.begin()) {
            Digest seal = copy(keeping.passingFrom(in), null).seal();
            keeping.finish(seal);
            return seal;
        } catch (IOException e) {
            throw failed("could not read a package", e);
        }
    }

    /** Opens a package anew. */
    @FunctionalInterface
    public interface PackageOpener {
        /** Its bytes from the first. */
        InputStream open() throws IOException;
    }

    /** As {@link #addPackage(Path)}, unless it is here. */
    public void addPackageUnlessHeld(PackageOpener opener) throws IOException, VmmigException {
        Digest seal;
        try (InputStream in = opener.open()) {
            seal = PackageReader.readSeal(in, PackageLimits.DEFAULT);
        }
        Optional<PageSource> held = packages.find(seal, this::find, false);
        if (held.isPresent()) {
            held.get().close();
            return;
        }
        try (InputStream in = opener.open()) {
            addPackage(in);
        }
    }

    /**
     * Makes a package that refers to earlier ones complete in itself, but for what it takes from base images, kernels and
     * ramdisks. What it refers to must be here. Neither stream is closed.
     *
     * @throws VmmigException as {@link #addPackage} does
     */
    public PackageSummary fold(InputStream changes, OutputStream full) throws VmmigException {
        try {
            return copy(changes, full);
        } catch (IOException e) {
            throw failed("could not fold a package", e);
        }
    }

    /** Reads a package to its end, and writes another of the same contents, unless that is null. */
    private PackageSummary copy(InputStream in, @Nullable OutputStream out) throws IOException, VmmigException {
        List<PageSource> opened = new ArrayList<>();
        try (PackageReader reader = PackageReader.from(in, PackageLimits.DEFAULT, manifest -> {
                    for (Manifest.Reference reference : manifest.references()) {
                        opened.add(require(reference));
                    }
                    return opened;
                });
                PackageCopy copy = PackageCopy.to(out, reader.manifest(), opened)) {
            for (PackageReader.Entry entry = reader.next(); entry != null; entry = reader.next()) {
                if (entry instanceof PackageReader.Entry.Kernel kernel) {
                    copyBootFile(kernel.stream(), reader.manifest().kernel(), PackageReader.Entry.Kernel::new, copy);
                } else if (entry instanceof PackageReader.Entry.Ramdisk ramdisk) {
                    copyBootFile(ramdisk.stream(), reader.manifest().ramdisk(), PackageReader.Entry.Ramdisk::new, copy);
                } else {
                    copy.add(entry);
                }
            }
            PackageSummary read = reader.verify();
            PackageSummary written = copy.finish();
            return written == null ? read : written;
        } finally {
            opened.forEach(PageSource::close);
        }
    }

    private void copyBootFile(
            InputStream in,
            Manifest.@Nullable Content content,
            Function<InputStream, PackageReader.Entry> entry,
            PackageCopy copy)
            throws IOException, VmmigException {
        Path file = spool(in);
        try {
            if (content != null) {
                adopt(file, content.digest());
            }
            try (InputStream again = Files.newInputStream(file)) {
                copy.add(entry.apply(again));
            }
        } finally {
            Files.deleteIfExists(file);
        }
    }

    private Path spool(InputStream in) throws IOException {
        Path file = Files.createFile(directory.resolve(BUILDING + UUID.randomUUID()), OWNER_ONLY);
        try (OutputStream out = Files.newOutputStream(file)) {
            in.transferTo(out);
            return file;
        } catch (IOException | RuntimeException | Error e) {
            Files.deleteIfExists(file);
            throw e;
        }
    }

    private PageSource require(Manifest.Reference reference) throws VmmigException {
        return find(reference)
                .orElseThrow(() -> new IncompatibleException(
                        Problem.REFERENCE_MISSING,
                        "the package refers to a " + reference.kind().word() + " " + reference.digest()
                                + ", which is not here",
                        "Add it first, with ImageStore.add or ReferenceStore.addPackage."));
    }

    /** The pages of a reference of some package, to be closed by the caller; empty if it is not here. */
    public Optional<PageSource> find(Manifest.Reference reference) throws VmmigException {
        return switch (reference.kind()) {
            case RAW, QCOW2 -> held(reference.digest(), PageLayout.of(reference.kind()));
            case BOOT -> {
                Optional<PageSource> held = held(reference.digest(), PageLayout.BOOT_1);
                yield held.isPresent() ? held : adopted(reference.digest());
            }
            case PACKAGE -> packages.find(reference.digest(), this::find, false);
        };
    }

    /**
     * The pages of content that the image store holds, known to be intact, or nothing if it does not hold it in the layout's
     * format. The index is used if it is there when something is looked for first. A kernel or a ramdisk is unpacked first if
     * it was not yet, which may take a second.
     *
     * @return to be closed by the caller; closing this store does not
     * @throws IntegrityException with {@link Problem#BASE_IMAGE_DAMAGED} if the content is not what it was
     * @throws VmmigException with {@link Problem#IMAGE_MALFORMED} or {@link Problem#DISK_UNSUPPORTED} if it cannot be read in
     *     that layout
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
     * Keeps the pages of a kernel or a ramdisk, for those that refer to it when the file itself is gone or elsewhere.
     *
     * @throws IntegrityException with {@link Problem#DIGEST_MISMATCH} if the file does not have that digest
     */
    public void adopt(Path file, Digest digest) throws VmmigException {
        try {
            if (!FileDigests.compute(file).equals(digest)) {
                throw new IntegrityException(
                        Problem.DIGEST_MISMATCH,
                        "a kernel or ramdisk is not the one that the manifest names: " + digest,
                        "Make the package again.");
            }
            unpacked(file, PageLayout.BOOT_1, digest).close();
        } catch (IOException e) {
            throw failed("could not unpack " + file, e);
        }
    }

    /** As {@link #adopt(Path, Digest)}, of a file that comes as a stream. */
    public void adopt(InputStream content, Digest digest) throws VmmigException {
        try {
            Path file = spool(content);
            try {
                adopt(file, digest);
            } finally {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw failed("could not keep a kernel or ramdisk", e);
        }
    }

    private Optional<PageSource> adopted(Digest digest) {
        Path pages = pathOf(digest, PageLayout.BOOT_1, "pages");
        String name = nameOf(digest, PageLayout.BOOT_1);
        try {
            PageContent content = openPages(pages, name);
            return Optional.of(new IndexedPages(
                    content,
                    pathOf(digest, PageLayout.BOOT_1, "index"),
                    name,
                    () -> LOG.info("the index of {} will be built when it is sent next", digest)));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            LOG.warn("the pages of {} cannot be used", digest, e);
            return Optional.empty();
        }
    }

    /**
     * The pages of any file, such as a base image that a guest of this host stands on. Else as {@link #held}.
     *
     * @param digest what the file is known by; it is read as a whole unless it has not changed since the last time
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
            PageContent content = contentOf(file, layout, digest);
            return new IndexedPages(
                    content,
                    pathOf(digest, layout, "index"),
                    nameOf(digest, layout),
                    () -> rebuild(file, layout, digest));
        } catch (IOException e) {
            throw failed("could not read " + file, e);
        }
    }

    private PageContent contentOf(Path file, PageLayout layout, Digest digest) throws IOException, VmmigException {
        return switch (layout) {
            case RAW -> {
                SharedFile raw = SharedFile.open(file);
                yield new RawPages(raw, raw.bytes());
            }
            case QCOW2 -> new Qcow2Pages(Qcow2Image.open(file));
            case BOOT_1 -> unpacked(file, layout, digest);
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
        PageFile.create(file, pages, BUILDING, name);
        return openPages(pages, name);
    }

    /** Opens a file of pages, which is verified unless it was, and has not changed since. */
    private PageContent openPages(Path pages, String name) throws IOException {
        FileTime used = Files.getLastModifiedTime(pages);
        if (used.toInstant().plus(ABANDONED).isBefore(Instant.now())) {
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
     * Has the index of content in the image store built in the background, unless there is one. This returns at once.
     *
     * @return completes when the index is there; exceptionally with a {@link VmmigException} if it cannot be built, or a
     *     {@link CancellationException} if this store is closed
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
        String name = nameOf(digest, layout);
        CompletableFuture<Void> mine = new CompletableFuture<>();
        CompletableFuture<Void> others = underWay.putIfAbsent(name, mine);
        if (others != null) {
            return others.minimalCompletionStage();
        }
        try {
            builder.execute(() -> {
                try {
                    ensureIndex(file.get(), layout, digest);
                    underWay.remove(name, mine);
                    mine.complete(null);
                } catch (VmmigException | RuntimeException | Error e) {
                    underWay.remove(name, mine);
                    mine.completeExceptionally(builder.isShutdown() ? closed() : e);
                }
            });
        } catch (RejectedExecutionException e) {
            underWay.remove(name, mine);
            mine.completeExceptionally(closed());
        }
        return mine.minimalCompletionStage();
    }

    private static CancellationException closed() {
        return new CancellationException("the reference store was closed");
    }

    private void ensureIndex(Path file, PageLayout layout, Digest digest) throws VmmigException {
        Path target = pathOf(digest, layout, "index");
        try (PageContent content = contentOf(file, layout, digest)) {
            if (!hasIndex(target, nameOf(digest, layout), IndexedPages.pagesOf(content))) {
                build(content, target, nameOf(digest, layout));
            }
            sweep();
        } catch (IOException e) {
            throw failed("could not build the index of " + file, e);
        }
    }

    static boolean hasIndex(Path path, String name, long pages) {
        try {
            PageIndex.open(path, name, pages).close();
            return true;
        } catch (NoSuchFileException e) {
            return false;
        } catch (IOException e) {
            LOG.info("the index {} is built again", path, e);
            return false;
        }
    }

    static void build(PageContent content, Path target, String name) throws IOException {
        long pages = IndexedPages.pagesOf(content);
        if (pages > IndexLayout.MAX_PAGES) {
            throw new IOException("content of more than " + IndexLayout.MAX_PAGES + " pages cannot be indexed");
        }
        long begun = System.nanoTime();
        byte[] chunk = new byte[CHUNK_BYTES];
        try (PageIndexBuilder index = PageIndexBuilder.begin(target, BUILDING, name, pages)) {
            for (long page = nextPage(content, 0); page < pages; ) {
                if (Thread.currentThread().isInterrupted()) {
                    throw new InterruptedIOException("the reference store was closed");
                }
                int count = (int) Math.min(CHUNK_BYTES / PageSource.PAGE_BYTES, pages - page);
                content.read(page * PageSource.PAGE_BYTES, chunk, 0, count * PageSource.PAGE_BYTES);
                for (int i = 0; i < count; i++) {
                    index.add(chunk, i * PageSource.PAGE_BYTES, page + i);
                }
                page = nextPage(content, page + count);
            }
            index.finish();
        }
        LOG.info("built the index {} in {} ms", target, (System.nanoTime() - begun) / 1_000_000);
    }

    private static long nextPage(PageContent content, long page) throws IOException {
        long data = content.nextData(page * PageSource.PAGE_BYTES);
        return data >= content.bytes() ? Long.MAX_VALUE : data / PageSource.PAGE_BYTES;
    }

    private void rebuild(Path file, PageLayout layout, Digest digest) {
        try {
            Files.deleteIfExists(pathOf(digest, layout, "index"));
        } catch (IOException e) {
            LOG.warn("a damaged index could not be removed", e);
        }
        prepare(file, layout, digest);
    }

    /** Removes what was never finished, and what was not used for long and is not of content that is held. */
    private void sweep() throws IOException, VmmigException {
        List<Path> entries;
        try (Stream<Path> listed = Files.list(directory)) {
            entries = listed.toList();
        }
        for (Path entry : entries) {
            String file = entry.getFileName().toString();
            Matcher name = NAME.matcher(file);
            if (file.startsWith(BUILDING)) {
                deleteIfOlder(entry, ABANDONED);
            } else if (name.matches() && images.find(new Digest(name.group(1))).isEmpty()) {
                deleteIfOlder(entry, UNUSED);
            }
        }
    }

    private static void deleteIfOlder(Path file, Duration age) throws IOException {
        try {
            FileTime limit = FileTime.from(Instant.now().minus(age));
            if (Files.getLastModifiedTime(file).compareTo(limit) < 0) {
                Files.deleteIfExists(file);
            }
        } catch (NoSuchFileException e) {
            LOG.debug("{} was removed meanwhile", file);
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

    /** Stops building, and waits for up to half a minute until it has stopped. Pages that were opened stay open. */
    @Override
    public void close() {
        builder.shutdownNow();
        try {
            if (!builder.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("the index builder of {} has not stopped yet", directory);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        underWay.values().forEach(future -> future.completeExceptionally(closed()));
    }

    private static VmmigException failed(String what, IOException e) {
        return VmmigException.from(e, Problem.FILE_FAILED, what, "Check the path and its permissions.");
    }
}
