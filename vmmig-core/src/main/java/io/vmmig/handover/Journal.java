// SPDX-License-Identifier: Apache-2.0
package io.vmmig.handover;

import com.google.gson.JsonObject;
import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.files.NewFile;
import io.vmmig.json.JsonFields;
import io.vmmig.json.StrictJson;
import io.vmmig.transport.HandOverJournal;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
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
    private final JsonObject facts;
    private final JsonObject details;
    /** Lines other than steps, in order. */
    private final List<JsonObject> entries;

    private String state;
    private long intact;
    private boolean torn;

    private Journal(
            Path file,
            FileChannel channel,
            JsonObject facts,
            JsonObject details,
            List<JsonObject> entries,
            String state,
            long intact,
            boolean torn) {
        this.file = file;
        this.channel = channel;
        this.facts = facts;
        this.details = details;
        this.entries = new ArrayList<>(entries);
        this.state = state;
        this.intact = intact;
        this.torn = torn;
    }

    /** Begins a journal. When this returns, the first line is durable and the file is locked. */
    static Journal begin(Path file, JsonObject facts, String state) throws VmmigException {
        synchronized (OPEN) {
            Journal journal = beginAlone(file, facts, state);
            OPEN.put(keyOf(file), journal);
            return journal;
        }
    }

    private static Journal beginAlone(Path file, JsonObject facts, String state) throws VmmigException {
        try {
            FileChannel channel = FileChannel.open(
                    file,
                    Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            try {
                if (!locked(channel)) {
                    throw new IOException("somebody else has it open");
                }
                Journal journal = new Journal(file, channel, facts, new JsonObject(), List.of(), state, 0, false);
                journal.append(List.of(facts, stateLine(state, journal.details)));
                NewFile.syncDirectoryOf(file);
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

    /**
     * Opens an existing journal.
     *
     * @return empty when there is none, or a crash cut off its first line
     * @throws VmmigException with {@link Problem#GUEST_BUSY} when its migration is under way
     */
    static Optional<Journal> open(Path file) throws VmmigException {
        synchronized (OPEN) {
            if (OPEN.containsKey(keyOf(file))) {
                throw underWay(file);
            }
            Optional<Journal> journal = openAlone(file);
            journal.ifPresent(opened -> OPEN.put(keyOf(file), opened));
            return journal;
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
    static Optional<JsonObject> factsOf(Path file) throws VmmigException {
        return lookInto(file, Journal::facts, Journal::readFacts);
    }

    /**
     * A journal's content at one moment.
     *
     * @param facts the facts of its migration
     * @param state the last step that was certainly recorded
     * @param torn whether a further one may have been recorded
     */
    record Glance(JsonObject facts, String state, boolean torn) {}

    /** A journal's content, even if it is open elsewhere; empty when it has none. */
    static Optional<Glance> glance(Path file) throws VmmigException {
        Function<Journal, Glance> glance = journal -> new Glance(journal.facts(), journal.state(), journal.torn());
        return lookInto(file, glance, (path, channel) -> read(path, channel).map(glance));
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
        ByteBuffer buffer = ByteBuffer.allocate((int) channel.size());
        while (buffer.hasRemaining() && channel.read(buffer, buffer.position()) >= 0) {
            // Read to the end.
        }
        // One character for each byte.
        return new String(buffer.array(), 0, buffer.position(), StandardCharsets.ISO_8859_1);
    }

    private static Optional<JsonObject> readFacts(Path file, FileChannel channel) throws IOException, VmmigException {
        try {
            return read(file, channel).map(Journal::facts);
        } catch (VmmigException e) {
            String text = text(file, channel);
            @Nullable JsonObject facts = parsed(text.substring(0, text.indexOf('\n')));
            if (facts == null) {
                throw e;
            }
            return Optional.of(facts);
        }
    }

    private static Optional<Journal> read(Path file, FileChannel channel) throws IOException, VmmigException {
        String text = text(file, channel);
        List<JsonObject> lines = new ArrayList<>();
        int intact = 0;
        for (int end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', intact)) {
            @Nullable JsonObject line = parsed(text.substring(intact, end));
            if (line == null) {
                break;
            }
            lines.add(line);
            intact = end + 1;
        }
        int lineEnd = text.indexOf('\n', intact);
        if (lineEnd >= 0 && lineEnd < text.length() - 1) {
            throw damaged(file);
        }
        if (lines.size() < 2) {
            return Optional.empty();
        }
        List<JsonObject> entries = new ArrayList<>();
        List<JsonObject> steps = new ArrayList<>();
        for (JsonObject line : lines.subList(1, lines.size())) {
            (line.has(STATE) ? steps : entries).add(line);
        }
        if (steps.isEmpty()) {
            return Optional.empty();
        }
        String state = new JsonFields(steps.get(steps.size() - 1), WHERE).text(STATE, STATE_FORM);
        JsonObject details = new JsonObject();
        for (JsonObject step : steps) {
            copy(step, details);
        }
        details.remove(STATE);
        if (details.has(ENTRY)) {
            new JsonFields(details, WHERE).text(ENTRY, HandOverJournal.MAX_LENGTH);
        }
        return Optional.of(
                new Journal(file, channel, lines.get(0), details, entries, state, intact, intact < text.length()));
    }

    private static @Nullable JsonObject parsed(String text) throws PackageFormatException {
        Matcher line = LINE.matcher(text);
        if (!line.matches()) {
            return null;
        }
        byte[] json = line.group(2).getBytes(StandardCharsets.ISO_8859_1);
        return line.group(1).equals(checksum(json)) ? StrictJson.object(json, WHERE) : null;
    }

    private static String checksum(byte[] json) {
        CRC32C checksum = new CRC32C();
        checksum.update(json);
        return String.format("%08x", checksum.getValue());
    }

    private static JsonObject stateLine(String state, JsonObject details) {
        JsonObject line = new JsonObject();
        line.addProperty(STATE, state);
        copy(details, line);
        return line;
    }

    private static void copy(JsonObject from, JsonObject to) {
        from.asMap().forEach(to::add);
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

    static VmmigException notUnderstood(Path file) {
        return VmmigException.of(
                Problem.JOURNAL_DAMAGED,
                "the journal " + file + " has entries that this vmmig does not understand",
                "Was it written by a newer one?");
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
    JsonObject facts() {
        return facts;
    }

    /** The certainly recorded entries other than steps, in order. */
    synchronized List<JsonObject> entries() {
        return List.copyOf(entries);
    }

    /** Appends an entry other than a step, durably. If this throws, the entry may or may not be durable. */
    synchronized void add(JsonObject entry) throws VmmigException {
        try {
            append(List.of(entry));
        } catch (IOException e) {
            throw unwritten(file, e);
        }
        entries.add(entry);
    }

    /** The last step that was certainly recorded. */
    synchronized String state() {
        return state;
    }

    /** The transport's latest entry; null if there is none. */
    synchronized @Nullable String entry() {
        return details.has(ENTRY) ? details.get(ENTRY).getAsString() : null;
    }

    /** Whether a crash or an error may have cut off a further step. */
    synchronized boolean torn() {
        return torn;
    }

    /** The details of all steps; the latest value of each. */
    synchronized JsonObject details() {
        return details.deepCopy();
    }

    /** Records a step, durably. If this throws, the step may or may not be durable. */
    void enter(String next) throws VmmigException {
        enter(next, new JsonObject());
    }

    /** As {@link #enter(String)}, with details. */
    synchronized void enter(String next, JsonObject learned) throws VmmigException {
        try {
            append(List.of(stateLine(next, learned)));
        } catch (IOException e) {
            throw unwritten(file, e);
        }
        copy(learned, details);
        state = next;
        torn = false;
    }

    /** Records an entry of the transport in the current state, durably. */
    synchronized void record(String text) throws VmmigException {
        JsonObject learned = new JsonObject();
        learned.addProperty(ENTRY, text);
        enter(state, learned);
    }

    /** Overwrites a torn line. */
    private void append(List<JsonObject> lines) throws IOException {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        for (JsonObject line : lines) {
            byte[] json = line.toString().getBytes(StandardCharsets.UTF_8);
            text.writeBytes((checksum(json) + ' ').getBytes(StandardCharsets.US_ASCII));
            text.writeBytes(json);
            text.write('\n');
        }
        ByteBuffer bytes = ByteBuffer.wrap(text.toByteArray());
        channel.truncate(intact);
        channel.position(intact);
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
        channel.force(true);
        intact = channel.position();
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
