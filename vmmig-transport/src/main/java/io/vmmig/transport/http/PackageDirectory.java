// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.error.PackageFormatException;
import io.vmmig.files.NewFile;
import io.vmmig.files.Ownership;
import java.io.Closeable;
import java.io.EOFException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The files of a {@link PackageHandler}: a directory for each place. Unfinished files have hidden names. Thread-safe. */
class PackageDirectory {
    private static final Logger LOG = LoggerFactory.getLogger(PackageDirectory.class);
    private static final FileAttribute<?> DIRECTORY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    private static final int BUFFER_BYTES = 64 << 10;
    private static final int CREATED = 201;
    private static final int NOTHING_NEW = 204;
    private static final int CONFLICT = 409;
    private static final int NOT_WHOLE = 422;
    private static final int FULL = 507;
    /** In place of a place: the directory of all places. */
    private static final String ALL = "";

    /** In each place, a file with the client whose limits its objects count against. */
    private static final String CLIENT = ".client";

    private static final String NOBODY = "";
    /** Even an empty file takes some space, and some effort. */
    static final long LEAST_BYTES = 64 << 10;

    private static final long HEADROOM_BYTES = 1L << 30;
    private static final int HEADROOM_SHARE = 20;
    private static final Duration BETWEEN_SWEEPS = Duration.ofHours(1);
    private static final Duration BETWEEN_HASTY_SWEEPS = Duration.ofMinutes(1);

    private final Path directory;
    private final PackageHandler.Limits limits;
    private final Clock clock;
    /** Places where a name was created or deleted, and may not be on the disk since a sync has failed. */
    private final Set<String> unsynced = new HashSet<>();
    /** The size of all objects, and of those that are being received. */
    private long bytes;
    /** The same, of each client, by the digest of its name. */
    private final Map<String, Long> bytesOf = new HashMap<>();

    private Instant swept;

    PackageDirectory(Path directory, PackageHandler.Limits limits, Clock clock) throws IOException {
        this.directory = directory;
        this.limits = limits;
        this.clock = clock;
        if (!Files.isDirectory(directory)) {
            Files.createDirectories(directory, DIRECTORY);
        }
        Ownership.requireOwn(directory);
        for (Path entry : list(directory)) {
            if (Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)) {
                for (Path file : objects(entry)) {
                    count(ownerOf(entry), cost(Files.size(file)));
                }
            } else if (entry.getFileName().toString().startsWith(".")) {
                Files.delete(entry);
            }
        }
        swept = clock.instant();
        removeAbandoned();
    }

    private static long cost(long size) {
        return Math.max(size, LEAST_BYTES);
    }

    private void count(String owner, long more) {
        bytes += more;
        bytesOf.compute(owner, (any, before) -> {
            long now = (before == null ? 0 : before) + more;
            return now == 0 ? null : now;
        });
    }

    /** A digest has a fixed length, and keeps the client's name off the disk. */
    private static String digestOf(String client) {
        return IndexHandOver.digestOf(client.getBytes(StandardCharsets.UTF_8)).hex();
    }

    private static String ownerOf(Path folder) throws IOException {
        try {
            return Files.readString(folder.resolve(CLIENT), StandardCharsets.ISO_8859_1);
        } catch (NoSuchFileException e) {
            return NOBODY;
        }
    }

    private static List<Path> objects(Path folder) throws IOException {
        return list(folder).stream()
                .filter(file -> !file.getFileName().toString().equals(CLIENT))
                .toList();
    }

    private void sweepAfter(Duration least) throws IOException {
        if (Duration.between(swept, clock.instant()).compareTo(least) >= 0) {
            swept = clock.instant();
            removeAbandoned();
        }
    }

    /** Removes parts that have stayed without an index for too long; receipts stay. */
    private void removeAbandoned() throws IOException {
        FileTime limit = FileTime.from(clock.instant().minus(limits.abandonedAfter()));
        for (Path folder : list(directory)) {
            try {
                if (Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS) && isAbandoned(folder, limit)) {
                    removeParts(folder);
                }
            } catch (IOException e) {
                LOG.warn("{} is abandoned, and could not be removed", folder, e);
            }
        }
    }

    private static boolean isAbandoned(Path folder, FileTime limit) throws IOException {
        if (Files.exists(folder.resolve(PartIndex.NAME), LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        for (Path file : objects(folder)) {
            if (Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS).compareTo(limit) >= 0) {
                return false;
            }
        }
        return true;
    }

    private void removeParts(Path folder) throws IOException {
        int removed = 0;
        for (Path file : objects(folder)) {
            if (!file.toString().endsWith("." + Receipt.SUFFIX)) {
                long size = Files.size(file);
                Files.delete(file);
                count(ownerOf(folder), -cost(size));
                removed++;
            }
        }
        removeIfEmpty(folder);
        LOG.info("{}: {} parts were removed that had no index", folder.getFileName(), removed);
    }

    private void removeIfEmpty(Path folder) throws IOException {
        if (objects(folder).isEmpty()) {
            Files.deleteIfExists(folder.resolve(CLIENT));
            Files.delete(folder);
        }
    }

    private static List<Path> list(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.toList();
        }
    }

    private Path file(String place, String name) {
        return directory.resolve(place).resolve(name);
    }

    /** Receives an object; returns the status to answer with. */
    int put(String client, String place, String name, InputStream body, int length) throws IOException {
        long cost = cost(length);
        String owner;
        synchronized (this) {
            sweepAfter(BETWEEN_SWEEPS);
            String began = ownerOf(directory.resolve(place));
            owner = began.equals(NOBODY) ? digestOf(client) : began;
            if (!fits(owner, cost)) {
                sweepAfter(BETWEEN_HASTY_SWEEPS);
                if (!fits(owner, cost) && !isReceiptOfPackage(place, name)) {
                    return FULL;
                }
            }
            count(owner, cost);
        }
        int status = 0;
        Path incoming = directory.resolve("." + UUID.randomUUID());
        try {
            receive(body, length, incoming);
            synchronized (this) {
                requireSynced(place);
                status = name.equals(PartIndex.NAME)
                        ? commit(owner, place, incoming)
                        : replace(owner, place, name, incoming);
                String began = ownerOf(directory.resolve(place));
                if (status == CREATED && !began.equals(owner)) {
                    // Another client has written the first object of the place meanwhile.
                    count(owner, -cost);
                    count(began, cost);
                }
            }
            return status;
        } finally {
            Files.deleteIfExists(incoming);
            if (status != CREATED) {
                synchronized (this) {
                    count(owner, -cost);
                }
            }
        }
    }

    private boolean fits(String owner, long cost) throws IOException {
        return cost <= limits.bytes() - bytes
                && cost <= limits.clientBytes() - bytesOf.getOrDefault(owner, 0L)
                && cost <= free();
    }

    /** A package's only receipt is small, and without it a guest stays paused at its source. */
    private boolean isReceiptOfPackage(String place, String name) throws IOException {
        Path index = file(place, PartIndex.NAME);
        try {
            return Files.exists(index, LinkOption.NOFOLLOW_LINKS)
                    && name.equals(PartIndex.parse(Files.readAllBytes(index)).id() + "." + Receipt.SUFFIX);
        } catch (PackageFormatException e) {
            return false;
        }
    }

    /** The space that may be used. Not private, for tests of full disks. */
    long free() throws IOException {
        FileStore store = Files.getFileStore(directory);
        return store.getUsableSpace() - Math.min(HEADROOM_BYTES, store.getTotalSpace() / HEADROOM_SHARE);
    }

    private static void receive(InputStream body, int length, Path target) throws IOException {
        Files.createFile(target, NewFile.OWNER_ONLY);
        try (FileOutputStream out = new FileOutputStream(target.toFile())) {
            byte[] buffer = new byte[BUFFER_BYTES];
            for (int left = length; left > 0; ) {
                int n = body.read(buffer, 0, Math.min(left, buffer.length));
                if (n < 0) {
                    throw new EOFException("a request ended before its end");
                }
                out.write(buffer, 0, n);
                left -= n;
            }
            out.getFD().sync();
        }
    }

    /** The same index may arrive twice, if the first answer was lost. */
    private int commit(String owner, String place, Path incoming) throws IOException {
        Path file = file(place, PartIndex.NAME);
        byte[] content = Files.readAllBytes(incoming);
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            return Arrays.equals(Files.readAllBytes(file), content) ? NOTHING_NEW : CONFLICT;
        }
        try {
            PartIndex index = PartIndex.parse(content);
            for (int i = 0; i < index.parts().size(); i++) {
                Path part = file(place, index.name(i));
                if (!Files.isRegularFile(part, LinkOption.NOFOLLOW_LINKS) || Files.size(part) != index.size(i)) {
                    return NOT_WHOLE;
                }
            }
        } catch (PackageFormatException e) {
            return NOT_WHOLE;
        }
        name(owner, incoming, place, file);
        return CREATED;
    }

    private int replace(String owner, String place, String name, Path incoming) throws IOException {
        boolean receipt = name.endsWith("." + Receipt.SUFFIX);
        if (!receipt && Files.exists(file(place, PartIndex.NAME), LinkOption.NOFOLLOW_LINKS)) {
            return CONFLICT;
        }
        Path file = file(place, name);
        long before = Files.exists(file, LinkOption.NOFOLLOW_LINKS) ? cost(Files.size(file)) : 0;
        name(owner, incoming, place, file);
        count(ownerOf(directory.resolve(place)), -before);
        return CREATED;
    }

    private void name(String owner, Path incoming, String place, Path file) throws IOException {
        Path folder = directory.resolve(place);
        if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
            Files.createDirectory(folder, DIRECTORY);
            Files.writeString(
                    Files.createFile(folder.resolve(CLIENT), NewFile.OWNER_ONLY), owner, StandardCharsets.ISO_8859_1);
            syncNames(ALL);
        }
        Files.move(incoming, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        syncNames(place);
    }

    /** Nothing is shown before it is on the disk: a power cut could still undo it. */
    private void syncNames(String place) throws IOException {
        unsynced.add(place);
        sync(directory.resolve(place));
        unsynced.remove(place);
    }

    private void requireSynced(String place) throws IOException {
        for (String name : List.of(ALL, place)) {
            if (unsynced.contains(name)) {
                syncNames(name);
            }
        }
    }

    /** Not private, for tests of failing disks. */
    void sync(Path directory) throws IOException {
        try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
            names.force(true);
        }
    }

    /** Deletes an object, and the place with the last one; false if there is none. */
    synchronized boolean delete(String place, String name) throws IOException {
        Path file = file(place, name);
        requireSynced(place);
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        Path folder = directory.resolve(place);
        long size = Files.size(file);
        Files.delete(file);
        count(ownerOf(folder), -cost(size));
        syncNames(place);
        removeIfEmpty(folder);
        return true;
    }

    /** Opens an object, whose content stays the same even if it is replaced meanwhile. */
    synchronized Optional<Content> open(String place, String name) throws IOException {
        Path file = file(place, name);
        requireSynced(place);
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return Optional.empty();
        }
        FileTime changed = Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS);
        RandomAccessFile content = new RandomAccessFile(file.toFile(), "r");
        String etag = "\"" + Long.toHexString(content.length()) + "-"
                + Long.toHexString(changed.to(TimeUnit.NANOSECONDS)) + "\"";
        return Optional.of(new Content(content, content.length(), etag));
    }

    /** An object to be read. */
    record Content(RandomAccessFile file, long bytes, String etag) implements Closeable {
        void skipTo(long position) throws IOException {
            file.seek(position);
        }

        int read(byte[] target, int most) throws IOException {
            return file.read(target, 0, most);
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
