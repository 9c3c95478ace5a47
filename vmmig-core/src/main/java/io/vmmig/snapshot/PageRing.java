// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import io.vmmig.page.PageSource;

/** The latest content pages of a package, numbered from 0 since its beginning. Not thread-safe. */
public final class PageRing {
    /** The number of retained pages, among which real guests have nearly all of their equal pages. Part of the format. */
    static final int PAGES = 8192;

    private static final int BYTES = PAGES * PageSource.PAGE_BYTES;

    private final byte[] bytes;
    private long count;

    /** An empty one. */
    public PageRing() {
        this(SpareArrays.take(BYTES));
    }

    private PageRing(byte[] bytes) {
        this.bytes = bytes;
    }

    /** An empty ring without cleared memory, for a writer, which reads only what it has written. */
    static PageRing forWriting() {
        return new PageRing(SpareArrays.takeAsLeft(BYTES));
    }

    /** Returns its buffer for reuse; the ring must not be used afterwards. */
    public void dissolve() {
        SpareArrays.give(bytes);
    }

    /** The number of pages added so far. */
    long count() {
        return count;
    }

    void add(byte[] buffer, int offset) {
        System.arraycopy(buffer, offset, bytes, place(count), PageSource.PAGE_BYTES);
        count++;
    }

    /** Whether it holds the page {@code distance} before the next one. */
    boolean holds(int distance) {
        return distance >= 1 && distance <= PAGES && distance <= count;
    }

    /** Copies the page {@code distance} before the next one, which it must hold. */
    void copy(int distance, byte[] buffer, int offset) {
        System.arraycopy(bytes, place(count - distance), buffer, offset, PageSource.PAGE_BYTES);
    }

    boolean equals(int distance, byte[] buffer, int offset) {
        int place = place(count - distance);
        return java.util.Arrays.equals(
                bytes, place, place + PageSource.PAGE_BYTES, buffer, offset, offset + PageSource.PAGE_BYTES);
    }

    private static int place(long number) {
        return (int) (number % PAGES) * PageSource.PAGE_BYTES;
    }
}
