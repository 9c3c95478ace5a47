// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.page.PageSource;
import java.io.Closeable;
import java.io.IOException;

/** Content as a sequence of bytes, divided into pages. Thread-safe, except {@link #close()}. */
interface PageContent extends Closeable {
    /** Its length in bytes; the last page may be incomplete. */
    long bytes();

    /** The number of its pages. */
    default long pages() {
        return IndexLayout.padded(bytes(), PageSource.PAGE_BYTES) / PageSource.PAGE_BYTES;
    }

    /** Reads bytes; zeros after the end. */
    void read(long position, byte[] buffer, int offset, int length) throws IOException;

    /** Takes pages. */
    @FunctionalInterface
    interface Visitor {
        /**
         * Takes a page, whose bytes are valid only until this returns.
         *
         * @param page its number
         */
        void page(byte[] buffer, int offset, long page) throws IOException;
    }

    /** Visits at least all pages that may be worth finding, in order. */
    default void visit(Visitor visitor) throws IOException {
        byte[] chunk = new byte[1 << 20];
        for (long at = nextData(0); at < bytes(); at = nextData(at)) {
            at -= at % PageSource.PAGE_BYTES;
            int length = (int) Math.min(IndexLayout.padded(bytes() - at, PageSource.PAGE_BYTES), chunk.length);
            read(at, chunk, 0, length);
            for (int offset = 0; offset < length; offset += PageSource.PAGE_BYTES) {
                visitor.page(chunk, offset, (at + offset) / PageSource.PAGE_BYTES);
            }
            at += length;
        }
    }

    /** The first position at or after {@code position} that may hold anything but zeros; the end if there is none. */
    default long nextData(long position) throws IOException {
        return Math.min(position, bytes());
    }
}
