// SPDX-License-Identifier: Apache-2.0
package io.vmmig.files;

import io.vmmig.content.Digest;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * An exclusive claim on a name, such as a path that is about to be created, across all programs of this machine. It is a small
 * file that names its holder. A live holder has the file locked, and the kernel releases the lock with the process. The content
 * outlives the process, so that leftovers of a crash can be told from free names.
 *
 * <p>Only the holder of the lock, on the file that still has the name, removes or rewrites it. Thread-safe.
 */
public final class Claim implements AutoCloseable {
    private static final int MAX_BYTES = 64 << 10;
    private static final int TRIES = 100;
    private static final String PREFIX = ".vmmig-claim-";
    /** A file name may have 255 bytes, including the prefix. */
    private static final int MAX_NAME_BYTES = 240;

    /**
     * The claims of this process. A process loses its lock on a file when it closes any channel of that file, so none is opened
     * twice; only one thread at a time works here.
     */
    private static final Map<Object, Claim> HELD = new HashMap<>();

    private final Path file;
    private final Object key;
    private final FileChannel channel;
    private final String text;

    private Claim(Path file, Object key, FileChannel channel, String text) {
        this.file = file;
        this.key = key;
        this.channel = channel;
        this.text = text;
    }

    /** Another holder has the claim. */
    public static final class HeldException extends Exception {
        private static final long serialVersionUID = 1;

        private final String text;
        private final boolean live;

        private HeldException(Path file, String text, boolean live) {
            super(file + " is claimed");
            this.text = text;
            this.live = live;
        }

        /** The other holder's text. */
        public String text() {
            return text;
        }

        /** Whether the other holder is alive; otherwise a crash has left the claim, and it is still binding. */
        public boolean live() {
            return live;
        }
    }

    /**
     * Takes a claim.
     *
     * @param file the claim's file
     * @param text the content, for others and after a crash
     * @param binding whether a claim with that text is still binding after its holder has ended
     * @throws HeldException when another holder has it
     */
    public static Claim take(Path file, String text, Predicate<String> binding) throws IOException, HeldException {
        synchronized (HELD) {
            for (int i = 0; i < TRIES; i++) {
                Claim claim = tryToTake(file, text, binding);
                if (claim != null) {
                    return claim;
                }
            }
            throw new IOException("the claim " + file + " is created and removed repeatedly");
        }
    }

    /** Null when another process has created or removed the file meanwhile. */
    private static @Nullable Claim tryToTake(Path file, String text, Predicate<String> binding)
            throws IOException, HeldException {
        Object key = keyOf(file);
        if (key == null) {
            create(file);
            return null;
        }
        Claim own = HELD.get(key);
        if (own != null) {
            throw new HeldException(file, own.text, true);
        }
        FileChannel channel;
        try {
            channel = FileChannel.open(
                    file, Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS));
        } catch (NoSuchFileException e) {
            return null;
        }
        boolean taken = false;
        boolean free = false;
        try {
            if (channel.tryLock() == null) {
                throw new HeldException(file, read(channel), true);
            }
            // Only the holder of the lock on the file with that name may remove the name.
            if (!key.equals(keyOf(file))) {
                return null;
            }
            String left = read(channel);
            if (!left.isEmpty() && binding.test(left)) {
                throw new HeldException(file, left, false);
            }
            free = true;
            write(channel, text);
            NewFile.syncDirectoryOf(file);
            Claim claim = new Claim(file, key, channel, text);
            HELD.put(key, claim);
            taken = true;
            return claim;
        } finally {
            if (!taken) {
                if (free) {
                    Files.deleteIfExists(file);
                }
                channel.close();
            }
        }
    }

    private static @Nullable Object keyOf(Path file) throws IOException {
        try {
            return Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                    .fileKey();
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    private static void create(Path file) throws IOException {
        try {
            Files.createFile(file, NewFile.OWNER_ONLY);
        } catch (FileAlreadyExistsException e) {
            // Another process has created it, and may not have locked it yet.
        }
    }

    private static String read(FileChannel channel) throws IOException {
        byte[] bytes = Channels.newInputStream(channel.position(0)).readNBytes(MAX_BYTES);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static void write(FileChannel channel, String text) throws IOException {
        channel.truncate(0);
        Channels.newOutputStream(channel.position(0)).write(text.getBytes(StandardCharsets.UTF_8));
        channel.force(true);
    }

    /** Releases the claim. */
    public void release() throws IOException {
        synchronized (HELD) {
            if (HELD.get(key) == this) {
                Files.deleteIfExists(file);
            }
            close();
        }
    }

    /** Releases the lock as a crash would: the content stays. */
    @Override
    public void close() throws IOException {
        synchronized (HELD) {
            HELD.remove(key, this);
            channel.close();
        }
    }

    /**
     * The file of the claim on a path. It is beside that path, so that independent programs find the same file, by whatever path
     * they reach the directory.
     */
    public static Path besides(Path path) {
        String name = String.valueOf(path.getFileName());
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > MAX_NAME_BYTES) {
            name = Digest.of(bytes).hex();
        }
        return path.resolveSibling(PREFIX + name);
    }
}
