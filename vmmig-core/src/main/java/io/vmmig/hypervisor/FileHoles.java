// SPDX-License-Identifier: Apache-2.0
package io.vmmig.hypervisor;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Where the holes of files are: stretches that were never written, take no space and read as zeros. Java does not tell, so whoever
 * can ask the system does. Without it a file is read as a whole, which takes long for a large one that is empty. Thread-safe.
 */
@FunctionalInterface
public interface FileHoles {
    /** Finds none. */
    FileHoles NONE = file -> new InFile() {
        @Override
        public long nextContent(long from) {
            return from;
        }

        @Override
        public long nextHole(long from) {
            return Long.MAX_VALUE;
        }

        @Override
        public void close() {
            // Nothing was opened.
        }
    };

    /** Opens a file; to be closed by the caller. */
    InFile open(Path file) throws IOException;

    /** The holes of one file. For one thread. */
    interface InFile extends Closeable {
        /**
         * The first position, from {@code from} on, that may hold anything but zeros; {@link Long#MAX_VALUE} if there is nothing
         * but a hole up to the end of the file.
         */
        long nextContent(long from) throws IOException;

        /** The first position, from {@code from} on, at which a hole begins; {@link Long#MAX_VALUE} or the
         *  end of the file if there is none up to there. */
        long nextHole(long from) throws IOException;
    }
}
