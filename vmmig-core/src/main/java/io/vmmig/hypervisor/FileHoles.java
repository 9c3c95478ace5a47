// SPDX-License-Identifier: Apache-2.0
package io.vmmig.hypervisor;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Finds the holes of files: ranges that were never written, take no space and read as zeros. Java has no call for this, so a hypervisor
 * module asks the system. Without it the whole file is read, which is slow for a large sparse one. Thread-safe.
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

    /** Opens a file; the caller closes it. */
    InFile open(Path file) throws IOException;

    /** The holes of one file. For one thread. */
    interface InFile extends Closeable {
        /**
         * The first position at or after {@code from} that may hold anything but zeros; {@link Long#MAX_VALUE} if a hole extends to the end
         * of the file.
         */
        long nextContent(long from) throws IOException;

        /**
         * The first position at or after {@code from} at which a hole begins; {@link Long#MAX_VALUE} or the end of the file if there is
         * none.
         */
        long nextHole(long from) throws IOException;
    }
}
