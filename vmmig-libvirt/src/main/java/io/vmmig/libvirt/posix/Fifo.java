// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.posix;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Creates FIFOs, and unblocks processes that wait in opening one. */
public final class Fifo {
    private static final int OWNER_ONLY = 0600;

    private Fifo() {}

    /** Creates a FIFO that only its owner (and root) can open. */
    public static void make(Path path) throws IOException {
        if (LibC.mkfifo(path.toString(), OWNER_ONLY) != 0) {
            throw LibC.failure("cannot make the FIFO " + path);
        }
    }

    /** Replaces a FIFO by a new one. Processes that have opened the old one keep it. */
    static void replace(Path path) throws IOException {
        Path fresh = path.resolveSibling(path.getFileName() + ".new");
        make(fresh);
        Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Unblocks processes that wait in opening a FIFO for writing: they get a broken pipe. The FIFO stays. */
    public static void freeWriters(Path path) throws IOException {
        Descriptor.open(path.toString(), LibC.O_RDONLY | LibC.O_NONBLOCK).close();
    }

    /**
     * Removes a FIFO. Processes that wait in opening it are unblocked: a reader gets the end of the stream, a writer a broken
     * pipe, and later ones find no file.
     */
    public static void remove(Path path) throws IOException {
        if (!Files.exists(path)) {
            return;
        }
        // Held open during the removal: opening unblocks those that wait, and the removal stops later ones.
        Descriptor both = Descriptor.open(path.toString(), LibC.O_RDWR | LibC.O_NONBLOCK);
        try {
            Files.deleteIfExists(path);
        } finally {
            both.close();
        }
    }
}
