// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.Digest;
import io.vmmig.Problem;
import io.vmmig.VmmigException;
import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageLimits;
import io.vmmig.bundle.PackageReader;
import io.vmmig.page.PageSource;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Packages that a host has sent or received, kept so that later ones of the same guests need to hold only what has changed.
 * When they take more than the quota, the ones that were not used for longest are removed.
 *
 * <p>They hold the guests' memory as packages do; they are readable by their owner only. Thread-safe, and any number of
 * processes may use one directory at once.
 */
public final class KeptPackages {
    private static final Logger LOG = LoggerFactory.getLogger(KeptPackages.class);
    private static final Pattern NAME = Pattern.compile("sha256-([0-9a-f]{64})\\.package");
    private static final String KEEPING = ".keeping-";
    private static final Duration ABANDONED = Duration.ofDays(1);
    private static final long DEFAULT_QUOTA = 8L << 30;

    /** Each package that stands on another makes reading slower, and is of no use without all of those. */
    private static final int MAX_DEPTH = 8;

    private final Path directory;
    private final Map<Path, Made> known = new ConcurrentHashMap<>();
    private volatile long quota = DEFAULT_QUOTA;

    KeptPackages(Path directory) {
        this.directory = directory;
    }

    /** Finds what packages refer to besides other packages; what it gives is closed with the package's pages. */
    @FunctionalInterface
    public interface Others {
        /** The pages of a base image, a kernel or a ramdisk, or empty if it is not here. */
        Optional<PageSource> find(Manifest.Reference reference) throws VmmigException;
    }

    /**
     * Packages may take so much space. With 0 none are kept, and those that are here are removed.
     *
     * @param bytes 0 or more; 8 GiB unless said otherwise
     */
    public void quota(long bytes) throws VmmigException {
        if (bytes < 0) {
            throw new IllegalArgumentException("a quota is not negative: " + bytes);
        }
        quota = bytes;
        try {
            makeRoom();
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /** Begins to keep a package that passes by; nothing is kept unless it is finished. */
    public PackageKeeping begin() {
        if (quota == 0) {
            return PackageKeeping.nothing();
        }
        try {
            if (!Files.isDirectory(directory)) {
                Files.createDirectories(
                        directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            }
            return PackageKeeping.in(directory.resolve(KEEPING + UUID.randomUUID()), this);
        } catch (IOException e) {
            LOG.warn("packages cannot be kept in {}, so the next ones will be larger", directory, e);
            return PackageKeeping.nothing();
        }
    }

    void keep(Path finished, Digest seal) throws IOException {
        Files.move(finished, packageFile(seal), StandardCopyOption.ATOMIC_MOVE);
        makeRoom();
    }

    /** The seals of the packages of a guest, the latest first. */
    public List<Digest> of(UUID guest) throws VmmigException {
        try {
            List<Made> made = new ArrayList<>();
            List<Path> files = list();
            for (Path file : files) {
                try {
                    made.add(made(file));
                } catch (NoSuchFileException e) {
                    LOG.debug("{} has gone", file, e);
                }
            }
            known.keySet().retainAll(files);
            return made.stream()
                    .filter(one -> one.guest().equals(guest))
                    .sorted(Comparator.comparing(Made::at).reversed())
                    .map(Made::seal)
                    .toList();
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /** Of whom a package is, and of when: what a file of that name holds never changes. */
    private record Made(Digest seal, UUID guest, Instant at) {}

    private Made made(Path file) throws IOException, VmmigException {
        Made made = known.get(file);
        if (made == null) {
            Manifest manifest = manifest(file);
            made = new Made(seal(file), manifest.guestUuid(), manifest.createdAt());
            known.put(file, made);
        }
        return made;
    }

    private static Manifest manifest(Path file) throws IOException, VmmigException {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
            return PackageReader.readManifest(in, PackageLimits.DEFAULT);
        }
    }

    /**
     * The pages of an earlier package, or nothing if it is not here, or something that it refers to is not.
     *
     * @param indexed whether pages are to be found in it; an index is built unless there is one, which takes a second for
     *     each gigabyte of memory
     * @return to be closed by the caller
     */
    public Optional<PageSource> find(Digest seal, Others others, boolean indexed) throws VmmigException {
        return find(seal, others, indexed, MAX_DEPTH);
    }

    private Optional<PageSource> find(Digest seal, Others others, boolean indexed, int depth) throws VmmigException {
        Path file = packageFile(seal);
        List<PageSource> references = new ArrayList<>();
        boolean opened = false;
        try {
            for (Manifest.Reference reference : manifest(file).references()) {
                Optional<PageSource> pages = reference.kind() != Manifest.Reference.Kind.PACKAGE
                        ? others.find(reference)
                        : depth == 0 ? Optional.empty() : find(reference.digest(), others, false, depth - 1);
                if (pages.isEmpty()) {
                    return Optional.empty();
                }
                references.add(pages.get());
            }
            KeptPackage content = KeptPackage.open(file, references);
            opened = true;
            Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
            return Optional.of(indexed ? indexed(content, seal) : unindexed(content, seal));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            LOG.warn("the kept package {} cannot be used", file, e);
            return Optional.empty();
        } finally {
            if (!opened) {
                references.forEach(PageSource::close);
            }
        }
    }

    private PageSource unindexed(KeptPackage content, Digest seal) {
        return new IndexedPages(content, directory.resolve("none"), name(seal), () -> {});
    }

    private PageSource indexed(KeptPackage content, Digest seal) throws IOException {
        Path index = indexFile(seal);
        if (!ReferenceStore.hasIndex(index, name(seal), IndexedPages.pagesOf(content))) {
            ReferenceStore.build(content, index, name(seal));
        }
        return new IndexedPages(content, index, name(seal), () -> remove(index));
    }

    private static String name(Digest seal) {
        return seal + " package";
    }

    private Path packageFile(Digest seal) {
        return directory.resolve("sha256-" + seal.hex() + ".package");
    }

    private Path indexFile(Digest seal) {
        return directory.resolve("sha256-" + seal.hex() + ".index");
    }

    private static Digest seal(Path file) {
        Matcher name = NAME.matcher(file.getFileName().toString());
        if (!name.matches()) {
            throw new IllegalArgumentException(file + " is no kept package");
        }
        return new Digest(name.group(1));
    }

    private List<Path> list() throws IOException {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.filter(entry ->
                            NAME.matcher(entry.getFileName().toString()).matches())
                    .toList();
        }
    }

    private void makeRoom() throws IOException {
        sweep();
        List<Path> files = new ArrayList<>(list());
        files.sort(Comparator.comparing(KeptPackages::usedAt));
        long bytes = 0;
        for (Path file : files) {
            bytes += size(file) + size(indexFile(seal(file)));
        }
        for (Path file : files) {
            if (bytes <= quota) {
                break;
            }
            Path index = indexFile(seal(file));
            bytes -= size(file) + size(index);
            remove(file);
            remove(index);
        }
    }

    private void sweep() throws IOException {
        if (!Files.isDirectory(directory)) {
            return;
        }
        Instant limit = Instant.now().minus(ABANDONED);
        try (Stream<Path> entries = Files.list(directory)) {
            entries.filter(entry -> entry.getFileName().toString().startsWith("."))
                    .filter(entry -> usedAt(entry).toInstant().isBefore(limit))
                    .forEach(KeptPackages::remove);
        }
    }

    private static FileTime usedAt(Path file) {
        try {
            return Files.getLastModifiedTime(file);
        } catch (IOException e) {
            LOG.debug("{} has gone", file, e);
            return FileTime.from(Instant.now());
        }
    }

    private static long size(Path file) throws IOException {
        try {
            return Files.size(file);
        } catch (NoSuchFileException e) {
            return 0;
        }
    }

    private static void remove(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            LOG.warn("{} could not be removed", file, e);
        }
    }

    private static VmmigException failed(IOException e) {
        return VmmigException.from(
                e, Problem.FILE_FAILED, "the kept packages could not be read", "Check the path and its permissions.");
    }
}
