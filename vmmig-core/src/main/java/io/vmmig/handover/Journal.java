// SPDX-License-Identifier: Apache-2.0
package io.vmmig.handover;

import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.files.NewFile;
import io.vmmig.json.JsonFields;
import io.vmmig.json.JsonText;
import io.vmmig.transport.HandOverJournal;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * One end's journal of one migration: an append-only file with a line for the facts of the migration, and one for each step with its
 * details, written and synced before the step is taken. A line is the CRC-32C of its JSON in eight hexadecimal digits, a space and a JSON
 * object. Only one holder can have it open at a time, in this and all other processes. Thread-safe.
 */
final class Journal implements Closeable {
    private static final int MAX_BYTES = 8 << 20;
    private static final String WHERE = "a journal";
    private static final String STATE = "state";
    private static final String ENTRY = "transport";
    private static final Pattern LINE = Pattern.compile("([0-9a-f]{8}) (\\{.*\\})");
    private static final Pattern STATE_FORM = Pattern.compile("[A-Z_]{1,32}");

    /**
     * The journals that this process has open. Closing any descriptor of a file releases all of the process's locks on it, so a file in
     * here is never opened a second time.
     */
    private static final Map<Path, Journal> OPEN = new HashMap<>();

    private final Path file;
    private final FileChannel channel;
    /** The certainly recorded lines, the facts first. */
    private final List<JsonFields> lines = new ArrayList<>();

    private long intact;
    private boolean torn;

    private Journal(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /** Begins a journal. When this returns, the first line is durable and the file is locked. */
    static Journal begin(Path file, JsonText facts, String state) throws VmmigException {
        synchronized (OPEN) {
            try {
                FileChannel channel = FileChannel.open(
                        file,
                        Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE),
                        NewFile.OWNER_ONLY);
                try {
                    if (!locked(channel)) {
                        throw new IOException("somebody else has it open");
                    }
                    Journal journal = new Journal(file, channel);
                    journal.append(facts, step(state));
                    NewFile.syncDirectoryOf(file);
                    OPEN.put(keyOf(file), journal);
                    return journal;
                } catch (IOException | RuntimeException e) {
                    channel.close();
                    Files.deleteIfExists(file);
                    throw e;
                }
            } catch (IOException e) {
                throw unwritten(file, e);
            }
        }
    }

    /** What one end makes of its journal. */
    interface Opening<T> {
        /** @throws IllegalArgumentException when the journal is in an unknown state */
        T of(Journal journal) throws VmmigException;
    }

    /**
     * Opens an existing journal.
     *
     * @return empty when there is none, or a crash cut off its first line
     * @throws VmmigException with {@link Problem#GUEST_BUSY} when its migration is under way, or with {@link Problem#JOURNAL_DAMAGED}
     */
    static <T> Optional<T> open(Path file, Opening<T> opening) throws VmmigException {
        synchronized (OPEN) {
            if (OPEN.containsKey(keyOf(file))) {
                throw underWay(file);
            }
            Optional<Journal> found = openAlone(file);
            if (found.isEmpty()) {
                return Optional.empty();
            }
            try {
                T opened = opening.of(found.get());
                OPEN.put(keyOf(file), found.get());
                return Optional.of(opened);
            } catch (VmmigException | IllegalArgumentException e) {
                found.get().close();
                throw VmmigException.of(
                        Problem.JOURNAL_DAMAGED,
                        "the journal " + file + " has entries that this vmmig does not understand",
                        "Was it written by a newer one?");
            }
        }
    }

    private static Optional<Journal> openAlone(Path file) throws VmmigException {
        try {
            FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
            try {
                if (!locked(channel)) {
                    throw underWay(file);
                }
                Optional<Journal> journal = read(file, channel);
                if (journal.isEmpty()) {
                    channel.close();
                }
                return journal;
            } catch (IOException | VmmigException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw unread(file, e);
        }
    }

    /** The facts of a journal, even if it is open elsewhere or later lines are damaged; empty when it has none. */
    static Optional<JsonFields> factsOf(Path file) throws VmmigException {
        return lookInto(file, Journal::facts, Journal::readFacts);
    }

    /**
     * A journal's content at one moment.
     *
     * @param state the last step that was certainly recorded
     * @param torn whether a crash or an error may have cut off a further one
     */
    record Glance(String state, boolean torn) {}

    /** A journal's content, even if it is open elsewhere; empty when it has none. */
    static Optional<Glance> glance(Path file) throws VmmigException {
        return lookInto(
                file, Journal::glance, (path, channel) -> read(path, channel).map(Journal::glance));
    }

    private interface Reading<T> {
        Optional<T> of(Path file, FileChannel channel) throws IOException, VmmigException;
    }

    private static <T> Optional<T> lookInto(Path file, Function<Journal, T> part, Reading<T> reading)
            throws VmmigException {
        synchronized (OPEN) {
            @Nullable Journal open = OPEN.get(keyOf(file));
            if (open != null) {
                return Optional.of(part.apply(open));
            }
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                return reading.of(file, channel);
            } catch (NoSuchFileException e) {
                return Optional.empty();
            } catch (IOException e) {
                throw unread(file, e);
            }
        }
    }

    /** The path with its directory resolved, so that every name of the directory gives the same key. */
    private static Path keyOf(Path file) {
        Path directory = file.toAbsolutePath().getParent();
        try {
            return directory == null ? file : directory.toRealPath().resolve(file.getFileName());
        } catch (IOException e) {
            // Without the directory, no file in it is open.
            return file;
        }
    }

    private static boolean locked(FileChannel channel) throws IOException {
        try {
            @Nullable FileLock lock = channel.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException e) {
            return false;
        }
    }

    private static String text(Path file, FileChannel channel) throws IOException, VmmigException {
        if (channel.size() > MAX_BYTES) {
            throw damaged(file);
        }
        // One character for each byte.
        return new String(
                Channels.newInputStream(channel.position(0)).readNBytes(MAX_BYTES), StandardCharsets.ISO_8859_1);
    }

    private static Optional<JsonFields> readFacts(Path file, FileChannel channel) throws IOException, VmmigException {
        try {
            return read(file, channel).map(Journal::facts);
        } catch (VmmigException e) {
            String text = text(file, channel);
            @Nullable JsonFields facts = parsed(text.substring(0, text.indexOf('\n')));
            if (facts == null) {
                throw e;
            }
            return Optional.of(facts);
        }
    }

    private static Optional<Journal> read(Path file, FileChannel channel) throws IOException, VmmigException {
        String text = text(file, channel);
        Journal journal = new Journal(file, channel);
        int intact = 0;
        for (int end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', intact)) {
            @Nullable JsonFields line = parsed(text.substring(intact, end));
            if (line == null) {
                break;
            }
            journal.lines.add(line);
            intact = end + 1;
        }
        int lineEnd = text.indexOf('\n', intact);
        if (lineEnd >= 0 && lineEnd < text.length() - 1) {
            throw damaged(file);
        }
        Optional<JsonFields> step = journal.latest(STATE);
        if (step.isEmpty()) {
            return Optional.empty();
        }
        step.get().text(STATE, STATE_FORM);
        Optional<JsonFields> entry = journal.latest(ENTRY);
        if (entry.isPresent()) {
            entry.get().text(ENTRY, HandOverJournal.MAX_LENGTH);
        }
        journal.intact = intact;
        journal.torn = intact < text.length();
        return Optional.of(journal);
    }

    private static @Nullable JsonFields parsed(String text) throws PackageFormatException {
        Matcher line = LINE.matcher(text);
        if (!line.matches()) {
            return null;
        }
        byte[] json = line.group(2).getBytes(StandardCharsets.ISO_8859_1);
        return line.group(1).equals(checksum(json)) ? JsonFields.of(json, WHERE) : null;
    }

    private static String checksum(byte[] json) {
        CRC32C checksum = new CRC32C();
        checksum.update(json);
        return String.format("%08x", checksum.getValue());
    }

    /** The line of a step, to which its details are added. */
    static JsonText step(String state) {
        return new JsonText().put(STATE, state);
    }

    private static VmmigException underWay(Path file) {
        return VmmigException.of(
                Problem.GUEST_BUSY,
                "the migration with the journal " + file + " is under way",
                "Wait until it is over.");
    }

    private static VmmigException damaged(Path file) {
        return VmmigException.of(
                Problem.JOURNAL_DAMAGED,
                "the journal " + file + " is damaged",
                "See at both hosts where its guest is, resolve the migration by hand, and remove the file.");
    }

    private static VmmigException unread(Path file, IOException e) {
        return VmmigException.from(
                e, Problem.FILE_FAILED, "could not read the journal " + file, "Check the file and its disk.");
    }

    private static VmmigException unwritten(Path file, IOException e) {
        return VmmigException.from(
                e, Problem.FILE_FAILED, "could not write the journal " + file, "Check the directory and its disk.");
    }

    /** The facts of the migration. */
    synchronized JsonFields facts() {
        return lines.get(0);
    }

    /** The certainly recorded lines with a field of that name, in order. */
    synchronized List<JsonFields> linesWith(String name) {
        return lines.stream().skip(1).filter(line -> line.has(name)).toList();
    }

    private Optional<JsonFields> latest(String name) {
        List<JsonFields> all = linesWith(name);
        return all.isEmpty() ? Optional.empty() : Optional.of(all.get(all.size() - 1));
    }

    /** The latest value of a detail that is true or false; {@code otherwise} if none was recorded. */
    boolean flag(String name, boolean otherwise) throws VmmigException {
        Optional<JsonFields> step = latest(name);
        return step.isPresent() ? step.get().flag(name) : otherwise;
    }

    /** The last step that was certainly recorded. */
    String state() {
        return latest(STATE).flatMap(step -> step.anyText(STATE)).orElseThrow();
    }

    /** The transport's latest entry, if there is one. */
    Optional<String> entry() {
        return latest(ENTRY).flatMap(step -> step.anyText(ENTRY));
    }

    synchronized Glance glance() {
        return new Glance(state(), torn);
    }

    /** Whether a crash or an error may have cut off a further step. */
    synchronized boolean torn() {
        return torn;
    }

    /** Records a step, durably. If this throws, the step may or may not be durable. */
    void enter(String next) throws VmmigException {
        add(step(next));
    }

    /** Appends a line, durably: a {@link #step}, or anything else. If this throws, the line may or may not be durable. */
    synchronized void add(JsonText line) throws VmmigException {
        try {
            append(line);
        } catch (IOException e) {
            throw unwritten(file, e);
        }
        torn &= !lines.get(lines.size() - 1).has(STATE);
    }

    /** Records an entry of the transport in the current state, durably. */
    synchronized void record(String text) throws VmmigException {
        add(step(state()).put(ENTRY, text));
    }

    /** Overwrites a torn line. */
    private void append(JsonText... more) throws IOException {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        for (JsonText line : more) {
            byte[] json = line.line();
            text.writeBytes((checksum(json) + ' ').getBytes(StandardCharsets.US_ASCII));
            text.writeBytes(json);
            text.write('\n');
        }
        channel.truncate(intact);
        channel.position(intact);
        Channels.newOutputStream(channel).write(text.toByteArray());
        channel.force(true);
        intact = channel.position();
        for (JsonText line : more) {
            lines.add(line.fields(WHERE));
        }
    }

    /** Removes the journal: the migration is resolved, and nobody will ask. */
    synchronized void remove() throws VmmigException {
        try {
            Files.deleteIfExists(file);
            NewFile.syncDirectoryOf(file);
        } catch (IOException e) {
            throw unwritten(file, e);
        } finally {
            close();
        }
    }

    /** Closes the journal; the file stays. */
    @Override
    public void close() {
        synchronized (OPEN) {
            try {
                channel.close();
            } catch (IOException e) {
                throw new java.io.UncheckedIOException("closing loses nothing that was synced", e);
            } finally {
                OPEN.values().remove(this);
            }
        }
    }
}
