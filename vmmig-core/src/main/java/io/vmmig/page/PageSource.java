// SPDX-License-Identifier: Apache-2.0
package io.vmmig.page;

import java.io.IOException;

/**
 * Content that both ends of a migration hold, as pages of 4096 bytes numbered from 0. Thread-safe, except {@link #close()}.
 */
public interface PageSource extends AutoCloseable {
    /** The size of a page, in bytes. */
    int PAGE_BYTES = 4096;

    /** How many pages there are. */
    long pages();

    /**
     * Reads a page; what is missing of the last one is zeros.
     *
     * @param page 0 or more, and less than {@link #pages()}
     * @throws IOException if it cannot be read, or is damaged
     */
    void read(long page, byte[] buffer, int offset) throws IOException;

    /**
     * Reads pages that follow each other.
     *
     * @param count how many; all of them are there
     * @throws IOException as {@link #read(long, byte[], int)} does
     */
    default void read(long page, int count, byte[] buffer, int offset) throws IOException {
        for (int i = 0; i < count; i++) {
            read(page + i, buffer, offset + i * PAGE_BYTES);
        }
    }

    /**
     * A page that probably has the content with this {@link PageHash}, or -1 if none is known. It has to be read and compared:
     * hashes may agree by chance or by design, and an index may be old. Of equal pages any one may be returned.
     *
     * @param near the page that comes after the one found last; it is preferred if it fits, since runs are stored in less
     */
    long find(long hash, long near);

    @Override
    void close();
}
