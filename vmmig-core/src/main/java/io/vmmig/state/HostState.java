// SPDX-License-Identifier: Apache-2.0
package io.vmmig.state;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.files.NewFile;
import io.vmmig.files.Ownership;
import io.vmmig.files.PrivateFiles;
import io.vmmig.reference.ImageStore;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Set;

/**
 * The directory of a host's state: base images and their page indexes, the package cache, the journals of migrations, the histories of
 * guests, and the list of consumed packages. {@link io.vmmig.Migrator}, {@link io.vmmig.Receiver} and {@link io.vmmig.Recovery} of a host
 * share it; without it a crash could lose a guest or run it twice.
 *
 * <p>Any number of threads and processes may use one directory at once. It must belong to the user who runs them, and no other user may
 * write to it.
 */
public final class HostState {
    private static final String MARKER = "layout";
    private static final String LAYOUT = "vmmig host state, layout 1\n";
    private static final String UNFINISHED = ".layout-";
    private static final int MAX_MARKER = 1024;
    private static final Object TAKING_OVER = new Object();

    private final Path directory;
    private final ImageStore images;

    private HostState(Path directory, ImageStore images) {
        this.directory = directory;
        this.images = images;
    }

    /** The kinds of state, each in its own directory. */
    public enum Part {
        /** Base images, kernels and ramdisks. Other users can traverse it, since QEMU reads them. */
        IMAGES,
        /** Journals of guests that leave. */
        DEPARTURES,
        /** Journals of guests that arrive. */
        ARRIVALS,
        /** Which hosts the guests of this host have been on. */
        HISTORIES,
        /** The list of consumed packages. */
        CONSUMED,
        /** Which overlays the disks of guests have for a live migration. */
        OVERLAYS,
        /** Claims on names, uuids and directories of arriving guests. */
        CLAIMS;

        private String directoryName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * Opens the directory, and creates it if it does not exist. If an earlier version of vmmig used it as an image store, its contents are
     * moved to the current layout, and base images keep their old names too, since guests are based on them.
     *
     * @param directory on a local file system; other files in it are left alone
     * @throws VmmigException with {@link Problem#FILE_FAILED} when it cannot be used, belongs to another user or can be written by one, or
     *     has the layout of a newer vmmig
     */
    public static HostState open(Path directory) throws VmmigException {
        Path absolute = directory.toAbsolutePath().normalize();
        try {
            PrivateFiles.makeDirectory(absolute, "rwx--x--x");
            Ownership.requireOwn(absolute);
            Path marker = absolute.resolve(MARKER);
            if (!Files.exists(marker, LinkOption.NOFOLLOW_LINKS)) {
                begin(absolute, marker);
            }
            requireKnownLayout(marker);
            for (Part part : Part.values()) {
                if (part != Part.IMAGES) {
                    PrivateFiles.makeDirectory(absolute.resolve(part.directoryName()));
                    Ownership.requireOwn(absolute.resolve(part.directoryName()));
                }
            }
            return new HostState(absolute, ImageStore.at(absolute.resolve(Part.IMAGES.directoryName())));
        } catch (IOException e) {
            throw VmmigException.from(
                    e,
                    Problem.FILE_FAILED,
                    "the host's state cannot be kept in " + absolute,
                    "Use a directory that belongs to the user who runs this program, and that nobody else can write.");
        }
    }

    private static void begin(Path directory, Path marker) throws IOException {
        synchronized (TAKING_OVER) {
            try (FileChannel lock = FileChannel.open(
                    directory.resolve("lock"),
                    Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                    NewFile.OWNER_ONLY)) {
                lock.lock();
                if (!Files.exists(marker, LinkOption.NOFOLLOW_LINKS)) {
                    PrivateFiles.makeDirectory(directory.resolve(Part.IMAGES.directoryName()), "rwx--x--x");
                    LayoutBefore.takeOver(directory);
                    PrivateFiles.replace(marker, LAYOUT.getBytes(StandardCharsets.UTF_8), UNFINISHED);
                }
            }
        }
    }

    private static void requireKnownLayout(Path marker) throws IOException, VmmigException {
        String layout;
        try (InputStream in = Files.newInputStream(marker)) {
            layout = new String(in.readNBytes(MAX_MARKER), StandardCharsets.UTF_8);
        }
        if (!layout.equals(LAYOUT)) {
            throw VmmigException.of(
                    Problem.FILE_FAILED,
                    marker + " names a layout that this vmmig does not know: \"" + layout.strip() + "\"",
                    "Was the directory used by a newer vmmig? Use that one, or another directory.");
        }
    }

    /** The absolute path. */
    public Path directory() {
        return directory;
    }

    /** The absolute path of one kind of state, for administrators; only vmmig writes to it. */
    public Path directory(Part part) {
        return directory.resolve(part.directoryName());
    }

    /** Base images, kernels and ramdisks, and the package cache. Each call returns the same object. */
    public ImageStore images() {
        return images;
    }

    @Override
    public String toString() {
        return directory.toString();
    }
}
