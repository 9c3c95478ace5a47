// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.posix;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Makes FIFOs and frees those who wait in opening one. */
public final class Fifo {
    private static final int OWNER_ONLY = 0600;

    private Fifo() {}

    /** Makes a FIFO that only its owner (and root) can open. */
    public static void make(Path path) throws IOException {
        if (LibC.mkfifo(path.toString(), OWNER_ONLY) != 0) {
            throw LibC.failure("cannot make the FIFO " + path);
        }
    }

    /** Puts a fresh FIFO in the place of another. Those who have opened the old one keep it to themselves. */
    static void replace(Path path) throws IOException {
        Path fresh = path.resolveSibling(path.getFileName() + ".new");
        make(fresh);
        Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Frees those who hang in opening a FIFO for writing: they find a broken pipe. It stays for those still to come. */
    public static void freeWriters(Path path) throws IOException {
        Descriptor.open(path.toString(), LibC.O_RDONLY | LibC.O_NONBLOCK).close();
    }

    /**
     * Removes a FIFO. Whoever hangs in opening either end of it is freed: a reader finds the end of the stream, a writer a
     * broken pipe, and whoever comes later finds no file.
     */
    public static void remove(Path path) throws IOException {
        if (!Files.exists(path)) {
            return;
        }
        // Held open across the removal: opening frees those who wait already, and the removal stops those still to
        // come.
        Descriptor both = Descriptor.open(path.toString(), LibC.O_RDWR | LibC.O_NONBLOCK);
        try {
            Files.deleteIfExists(path);
        } finally {
            both.close();
        }
    }
}
