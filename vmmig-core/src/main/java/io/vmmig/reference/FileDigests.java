// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.content.Digest;
import io.vmmig.error.PackageFormatException;
import io.vmmig.files.PrivateFiles;
import io.vmmig.json.JsonFields;
import io.vmmig.json.JsonText;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Digests of files, cached on disk until the files change. Each has its own small JSON file, replaced atomically, so processes that share
 * the directory need no lock. If one is lost or damaged, the file is read again.
 */
final class FileDigests {
    private static final Logger LOG = LoggerFactory.getLogger(FileDigests.class);
    private static final int MAX_NOTE_BYTES = 16 << 10;
    private static final int ATTEMPTS = 20;
    private static final int MAX_NOTES = 1024;
    private static final int BUFFER_BYTES = 256 << 10;
    private static final String TEMPORARY = ".tmp";

    private final Path directory;

    FileDigests(Path directory) {
        this.directory = directory;
    }

    /**
     * The file's digest, cached or computed.
     *
     * @throws IOException if the file cannot be read, or keeps changing meanwhile
     */
    Digest of(Path file) throws IOException {
        for (int attempt = 1; ; attempt++) {
            FileStamp before = FileStamp.of(file);
            Optional<Digest> remembered = recall(file, before);
            if (remembered.isPresent()) {
                return remembered.get();
            }
            boolean changesShow = before.settled();
            Digest digest = compute(file);
            if (before.holds(file)) {
                if (changesShow) {
                    remember(file, before, digest);
                }
                return digest;
            }
            // Somebody may have replaced it by an intact copy, or changed its owner for QEMU.
            if (attempt == ATTEMPTS) {
                throw changed(file);
            }
        }
    }

    static IOException changed(Path file) {
        return new IOException(file + " was changed while it was being read");
    }

    static Digest compute(Path file) throws IOException {
        MessageDigest sha256 = Digest.newSha256();
        byte[] buffer = new byte[BUFFER_BYTES];
        try (InputStream in = Files.newInputStream(file)) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                if (Thread.currentThread().isInterrupted()) {
                    throw new InterruptedIOException("interrupted while reading " + file);
                }
                sha256.update(buffer, 0, n);
            }
        }
        return Digest.of(sha256);
    }

    private Optional<Digest> recall(Path file, FileStamp stamp) {
        try (InputStream in = Files.newInputStream(noteOf(file))) {
            byte[] bytes = in.readNBytes(MAX_NOTE_BYTES);
            JsonFields note = JsonFields.of(bytes, "the note");
            boolean applies = note.anyText("file").equals(Optional.of(absolute(file)))
                    && note.anyText("stamp").equals(Optional.of(stamp.text()));
            return applies ? note.anyText("digest").flatMap(Digest::read) : Optional.empty();
        } catch (IOException | PackageFormatException e) {
            return Optional.empty();
        }
    }

    private static String absolute(Path file) {
        return file.toAbsolutePath().toString();
    }

    /** Caches a digest. Does not throw: a failure only costs time later. */
    void remember(Path file, FileStamp stamp, Digest digest) {
        byte[] note = new JsonText()
                .put("file", absolute(file))
                .put("stamp", stamp.text())
                .put("digest", digest)
                .line();
        try {
            Files.createDirectories(directory);
            Path temporary = Files.createTempFile(directory, "", TEMPORARY);
            try {
                Files.write(temporary, note);
                Files.move(temporary, noteOf(file), StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(temporary);
            }
            prune();
        } catch (IOException e) {
            LOG.debug("the digest of {} could not be cached", file, e);
        }
    }

    /** Removes a file's digest from the cache. */
    void forget(Path file) throws IOException {
        Files.deleteIfExists(noteOf(file));
    }

    private Path noteOf(Path file) {
        return directory.resolve(
                Digest.of(absolute(file).getBytes(StandardCharsets.UTF_8)).hex() + ".json");
    }

    /** Removes the older half of the entries if there are too many. */
    private void prune() throws IOException {
        List<Path> notes = new ArrayList<>(PrivateFiles.list(directory));
        if (notes.size() <= MAX_NOTES) {
            return;
        }
        // Read each time only once: other processes may touch the files during the sort.
        Map<Path, FileTime> times = new HashMap<>();
        for (Path note : notes) {
            times.put(note, Files.exists(note) ? Files.getLastModifiedTime(note) : FileTime.fromMillis(0));
        }
        notes.sort(Comparator.comparing(times::get));
        for (Path note : notes.subList(0, notes.size() / 2)) {
            Files.deleteIfExists(note);
        }
    }
}
