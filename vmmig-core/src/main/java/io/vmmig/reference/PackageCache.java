// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageLimits;
import io.vmmig.bundle.PackageReader;
import io.vmmig.content.Digest;
import io.vmmig.error.CancelledException;
import io.vmmig.error.Failure;
import io.vmmig.error.IncompatibleException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.files.NewFile;
import io.vmmig.files.PrivateFiles;
import io.vmmig.json.Malformed;
import io.vmmig.page.PageSource;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A cache of the packages that a host has sent or received, so that later packages of the same guests only contain what has
 * changed. When it exceeds its quota, the least recently used packages are removed, but never one that a remaining package refers
 * to. Damaged packages are removed.
 *
 * <p>Cached packages contain guests' memory, like all packages; only their owner can read them. Thread-safe, and any number of
 * processes may use a directory at once.
 */
public final class PackageCache {
    private static final Logger LOG = LoggerFactory.getLogger(PackageCache.class);
    private static final Set<Problem> DAMAGE =
            EnumSet.of(Problem.PACKAGE_MALFORMED, Problem.PACKAGE_TRUNCATED, Problem.DIGEST_MISMATCH);
    private static final Pattern NAME = Pattern.compile("sha256-([0-9a-f]{64})\\.(package|index)");
    private static final String KEEPING = ".keeping-";
    private static final int BUFFER_BYTES = 256 << 10;
    private static final long DEFAULT_QUOTA = 8L << 30;
    private static final Pattern QUOTA = Pattern.compile("([0-9]{1,18})\n");

    /** Each package in a chain makes reading slower, and is useless without the earlier ones. */
    private static final int MAX_CHAIN = 9;

    private final Path directory;
    private final IndexQueue indexes;
    private final Map<Digest, Made> known = new ConcurrentHashMap<>();
    /** Packages whose index was intact when last used; a damaged one is removed. */
    private final Set<Digest> indexed = ConcurrentHashMap.newKeySet();

    PackageCache(Path directory, IndexQueue indexes) {
        this.directory = directory;
        this.indexes = indexes;
    }

    /** Finds content other than packages that packages refer to; the result is closed with the package's pages. */
    @FunctionalInterface
    public interface Others {
        /** The pages of a base image, a kernel or a ramdisk, or empty if it is not here. */
        Optional<PageSource> find(Manifest.Reference reference) throws VmmigException;
    }

    /**
     * Sets the quota for packages and their indexes; a package that is being written does not count. 0 disables the cache and
     * removes its packages. The quota is stored in the directory, and applies to all programs that use it.
     *
     * @param bytes 0 or more; default 8 GiB
     * @throws VmmigException with {@link Problem#FILE_FAILED} or {@link Problem#DISK_FULL} if it cannot be stored, or packages
     *     cannot be removed
     */
    public void quota(long bytes) throws VmmigException {
        if (bytes < 0) {
            throw new IllegalArgumentException("a quota is not negative: " + bytes);
        }
        try {
            PrivateFiles.makeDirectory(directory);
            String note = Math.min(bytes, Long.MAX_VALUE / 10) + "\n";
            PrivateFiles.replace(quotaFile(), note.getBytes(StandardCharsets.US_ASCII), ".quota-");
            makeRoom();
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /**
     * The quota, in bytes.
     *
     * @throws VmmigException with {@link Problem#FILE_FAILED} if it cannot be read
     */
    public long quota() throws VmmigException {
        try {
            return readQuota();
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private long readQuota() throws IOException {
        try {
            Matcher note = QUOTA.matcher(Files.readString(quotaFile(), StandardCharsets.US_ASCII));
            if (!note.matches()) {
                throw new IOException(quotaFile() + " does not hold a number of bytes");
            }
            return Long.parseLong(note.group(1));
        } catch (NoSuchFileException e) {
            return DEFAULT_QUOTA;
        }
    }

    /** Starts to cache a package that is sent or received; it is cached only once it is finished. */
    public PackageCaching begin() {
        try {
            long quota = readQuota();
            if (quota == 0) {
                return new PackageCaching(Failure.of(
                        Problem.DISK_FULL,
                        "the package is not cached: the quota of " + directory + " is 0",
                        "Raise it with PackageCache.quota."));
            }
            PrivateFiles.makeDirectory(directory);
            return new PackageCaching(PrivateFiles.create(directory, KEEPING), this, quota);
        } catch (IOException e) {
            LOG.warn("packages cannot be cached in {}, so the next ones will be larger", directory, e);
            return new PackageCaching(failed(e).failure());
        }
    }

    /**
     * Moves a package, which is synced to the disk, into the cache.
     *
     * @return whether it is still there after making room
     */
    boolean keep(Path finished, Digest seal) throws IOException {
        Path file = packageFile(seal);
        Files.move(finished, file, StandardCopyOption.ATOMIC_MOVE);
        try {
            NewFile.syncDirectoryOf(file);
            makeRoom();
        } catch (IOException e) {
            LOG.warn("{} is cached, but older packages may exceed the quota", file, e);
        }
        return Files.exists(file);
    }

    /**
     * The seals of a guest's packages, the latest first, without those that refer to a missing package.
     *
     * @throws VmmigException with {@link Problem#FILE_FAILED} if the directory cannot be read; unreadable packages are left out
     */
    public List<Digest> of(UUID guest) throws VmmigException {
        try {
            List<Made> all = all();
            Set<Digest> whole = whole(all);
            return all.stream()
                    .filter(one -> one.guest().equals(guest) && whole.contains(one.seal()))
                    .sorted(Comparator.comparing(Made::at).reversed())
                    .map(Made::seal)
                    .toList();
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /** A package's guest, time and references. The content of a file of that name never changes. */
    record Made(Digest seal, UUID guest, Instant at, Set<Digest> needs) {}

    /** The seals of packages that are based, directly or not, on no missing one. */
    private static Set<Digest> whole(Collection<Made> packages) {
        List<Made> whole = new ArrayList<>(packages);
        Set<Digest> seals = sealsOf(whole);
        while (whole.removeIf(one -> !seals.containsAll(one.needs()))) {
            seals.retainAll(sealsOf(whole));
        }
        return seals;
    }

    private static Set<Digest> sealsOf(List<Made> made) {
        return made.stream().map(Made::seal).collect(Collectors.toSet());
    }

    /** All packages whose manifests can be read. */
    private List<Made> all() throws IOException {
        Set<Digest> seals = seals("package");
        known.keySet().retainAll(seals);
        List<Made> made = new ArrayList<>();
        for (Digest seal : seals) {
            try {
                made.add(made(seal));
            } catch (IOException | VmmigException e) {
                discard(seal, e);
            }
        }
        return made;
    }

    private Made made(Digest seal) throws IOException, VmmigException {
        Made made = known.get(seal);
        if (made == null) {
            Manifest manifest = manifest(packageFile(seal));
            Set<Digest> needs = manifest.references().stream()
                    .filter(reference -> reference.kind() == Manifest.Reference.Kind.PACKAGE)
                    .map(Manifest.Reference::digest)
                    .collect(Collectors.toSet());
            made = new Made(seal, manifest.guestUuid(), manifest.createdAt(), needs);
            known.put(seal, made);
        }
        return made;
    }

    private static Manifest manifest(Path file) throws IOException, VmmigException {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
            return PackageReader.readManifest(in, PackageLimits.DEFAULT);
        }
    }

    /** A damaged package is removed, so that the next one does not refer to it; one from a newer vmmig stays. */
    private void discard(Digest seal, Exception why) {
        Path file = packageFile(seal);
        if (why instanceof VmmigException refusal && DAMAGE.contains(refusal.problem())) {
            LOG.warn("the cached package {} is damaged and removed: {}", file, why.getMessage());
            remove(seal);
        } else if (why instanceof NoSuchFileException) {
            LOG.debug("{} is not here", file, why);
        } else {
            LOG.warn("the cached package {} cannot be used", file, why);
        }
    }

    /** Removes a package and its index, if they are here; what is based on it cannot be used any more. Never throws. */
    public void remove(Digest seal) {
        PrivateFiles.deleteOrWarn(packageFile(seal));
        PrivateFiles.deleteOrWarn(indexFile(seal));
    }

    /** Verifies these packages and those that they refer to, by reading all of them; removes damaged ones. */
    public void removeDamaged(Collection<Digest> seals) {
        List<Digest> all = new ArrayList<>(seals);
        for (int i = 0; i < all.size() && i < MAX_CHAIN; i++) {
            Digest seal = all.get(i);
            try {
                made(seal).needs().stream().filter(need -> !all.contains(need)).forEach(all::add);
                requireIntact(packageFile(seal), seal);
            } catch (IOException | VmmigException e) {
                discard(seal, e);
            }
        }
    }

    private static void requireIntact(Path file, Digest seal) throws IOException, VmmigException {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), BUFFER_BYTES)) {
            if (!PackageReader.readEvidence(in, PackageLimits.DEFAULT).seal().equals(seal)) {
                throw Malformed.because("the package has another seal than the cache expects");
            }
        }
    }

    /**
     * The pages of an earlier package; empty if it is missing or damaged, or if something that it refers to is missing. Its pages
     * can be found by their hash once its index is built; see {@link #prepare}.
     *
     * @return the caller closes it
     * @throws CancelledException if the thread is interrupted
     */
    public Optional<PageSource> find(Digest seal, Others others) throws CancelledException {
        return find(seal, others, 0);
    }

    /**
     * As {@link #find(Digest, Others)}, for a chain that others will be based on, one upon the other; empty also if it would get too long.
     *
     * @param further how many
     */
    public Optional<PageSource> find(Digest seal, Others others, int further) throws CancelledException {
        return new Opening(others, MAX_CHAIN - further).open(seal).map(content -> pages(content, seal));
    }

    /**
     * Whether a package and those that it refers to take less than half of the quota, so that one as large can be cached that is based on it;
     * false also if that is not known.
     */
    public boolean leavesRoom(Digest seal) {
        try {
            return chainBytes(seal, MAX_CHAIN) < readQuota() / 2;
        } catch (IOException | VmmigException e) {
            LOG.debug("how large the cached package {} is with those that it refers to is not known", seal, e);
            return false;
        }
    }

    private long chainBytes(Digest seal, int most) throws IOException, VmmigException {
        Path file = packageFile(seal);
        if (most == 0 || !Files.exists(file)) {
            return 0;
        }
        long bytes = Files.size(file);
        for (Digest need : made(seal).needs()) {
            bytes += chainBytes(need, most - 1);
        }
        return bytes;
    }

    private PageSource pages(CachedPackage content, Digest seal) {
        Path index = indexFile(seal);
        return new IndexedPages(content, index, nameOf(seal), () -> PrivateFiles.deleteOrWarn(index));
    }

    /**
     * Builds the index of a package in the background, unless there is one. That takes a second for each gigabyte of memory; this
     * returns at once.
     *
     * @return completes when the index is built; exceptionally with a {@link VmmigException} if it cannot be built, or a {@link
     *     java.util.concurrent.CancellationException} if the store is closed
     */
    public CompletionStage<Void> prepare(Digest seal, Others others) {
        if (indexed.contains(seal) && Files.exists(indexFile(seal))) {
            return CompletableFuture.completedStage(null);
        }
        return indexes.add(nameOf(seal), () -> {
            try (CachedPackage content =
                    new Opening(others, MAX_CHAIN).open(seal).orElseThrow(() -> missing(seal))) {
                PageIndexBuilder.ensure(indexFile(seal), nameOf(seal), content);
                indexed.add(seal);
                makeRoom();
            } catch (IOException e) {
                throw VmmigException.from(
                        e, Problem.FILE_FAILED, "could not build the index of the cached package " + seal, "");
            }
        });
    }

    private static IncompatibleException missing(Digest seal) {
        return new IncompatibleException(
                Problem.REFERENCE_MISSING,
                "the cached package " + seal + ", or something that it refers to, is missing",
                "Add it with ReferenceStore.addPackage.");
    }

    /** Opens a package and those that it refers to; crafted references may form more than a chain. */
    private final class Opening {
        private final Others others;
        private final SegmentCache cache = new SegmentCache();
        private int left;

        Opening(Others others, int most) {
            this.others = others;
            this.left = most;
        }

        Optional<CachedPackage> open(Digest seal) throws CancelledException {
            Path file = packageFile(seal);
            List<PageSource> references = new ArrayList<>();
            Optional<CachedPackage> opened = Optional.empty();
            try {
                if (left-- > 0 && openReferences(seal, manifest(file), references)) {
                    opened = Optional.of(CachedPackage.open(file, seal, references, cache, why -> discard(seal, why)));
                    touch(file);
                }
            } catch (CancelledException e) {
                throw e;
            } catch (IOException | VmmigException e) {
                discard(seal, e);
            } finally {
                if (opened.isEmpty()) {
                    references.forEach(PageSource::close);
                }
            }
            return opened;
        }

        private boolean openReferences(Digest seal, Manifest manifest, List<PageSource> references)
                throws CancelledException {
            for (Manifest.Reference reference : manifest.references()) {
                Optional<PageSource> pages = open(reference);
                if (pages.isEmpty()) {
                    LOG.info("the cached package {} needs {}, which is missing", seal, reference.digest());
                    return false;
                }
                references.add(pages.get());
            }
            return true;
        }

        private Optional<PageSource> open(Manifest.Reference reference) throws CancelledException {
            if (reference.kind() == Manifest.Reference.Kind.PACKAGE) {
                return open(reference.digest()).map(content -> pages(content, reference.digest()));
            }
            try {
                return others.find(reference);
            } catch (CancelledException e) {
                throw e;
            } catch (VmmigException e) {
                LOG.warn("what a cached package refers to cannot be used: {}", e.getMessage());
                return Optional.empty();
            }
        }
    }

    private static void touch(Path file) {
        try {
            Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
        } catch (IOException e) {
            LOG.debug("the time of {} cannot be set, so it may be removed early", file, e);
        }
    }

    private static String nameOf(Digest seal) {
        return seal + " package";
    }

    private Path quotaFile() {
        return directory.resolve("quota");
    }

    private Path packageFile(Digest seal) {
        return directory.resolve("sha256-" + seal.hex() + ".package");
    }

    private Path indexFile(Digest seal) {
        return directory.resolve("sha256-" + seal.hex() + ".index");
    }

    /** The seals of which the directory has such a file: a package or an index. */
    private Set<Digest> seals(String kind) throws IOException {
        Set<Digest> seals = new LinkedHashSet<>();
        if (Files.isDirectory(directory)) {
            for (Path entry : PrivateFiles.list(directory)) {
                Matcher name = NAME.matcher(entry.getFileName().toString());
                if (name.matches() && name.group(2).equals(kind)) {
                    seals.add(new Digest(name.group(1)));
                }
            }
        }
        return seals;
    }

    private void makeRoom() throws IOException {
        long quota = readQuota();
        sweep();
        Map<Digest, Instant> usedAt = new HashMap<>();
        List<Made> packages = all();
        long bytes = 0;
        for (Made one : packages) {
            long used = packageFile(one.seal()).toFile().lastModified();
            usedAt.put(one.seal(), Instant.ofEpochMilli(used));
            bytes += size(one.seal());
        }
        for (Digest seal : evictionOrder(packages, usedAt)) {
            if (bytes <= quota) {
                break;
            }
            LOG.info("the cached package {} is removed, to make room", seal);
            bytes -= size(seal);
            remove(seal);
        }
    }

    /**
     * First packages that are useless because one that they are based on is missing, then the least recently used; and each package before
     * those that it is based on, since these are useful without it.
     */
    static List<Digest> evictionOrder(Collection<Made> packages, Map<Digest, Instant> usedAt) {
        Set<Digest> whole = whole(packages);
        List<Made> left = new ArrayList<>(packages);
        left.sort(Comparator.comparing((Made one) -> whole.contains(one.seal()))
                .thenComparing(one -> usedAt.getOrDefault(one.seal(), Instant.MIN)));
        Map<Digest, Integer> neededBy = new HashMap<>();
        packages.forEach(one -> one.needs().forEach(need -> neededBy.merge(need, 1, Integer::sum)));
        List<Digest> order = new ArrayList<>();
        while (!left.isEmpty()) {
            Made next = left.stream()
                    .filter(one -> neededBy.getOrDefault(one.seal(), 0) == 0)
                    .findFirst()
                    .orElse(left.get(0));
            left.remove(next);
            order.add(next.seal());
            next.needs().forEach(need -> neededBy.merge(need, -1, Integer::sum));
        }
        return order;
    }

    void removeUnfinished() throws IOException {
        PrivateFiles.sweep(directory, ".");
    }

    /** Removes unfinished files, and indexes of packages that are gone. */
    private void sweep() throws IOException {
        removeUnfinished();
        for (Digest seal : seals("index")) {
            if (!Files.exists(packageFile(seal))) {
                PrivateFiles.deleteOrWarn(indexFile(seal));
            }
        }
    }

    private long size(Digest seal) {
        return packageFile(seal).toFile().length() + indexFile(seal).toFile().length();
    }

    private static VmmigException failed(IOException e) {
        return VmmigException.from(
                e, Problem.FILE_FAILED, "the package cache could not be used", "Check the path and its permissions.");
    }
}
