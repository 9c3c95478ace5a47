// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import io.vmmig.page.PageSource;
import java.io.IOException;
import java.util.List;

/**
 * Reads pages of a reference, and neighbouring pages too when that pays: for sequential reads, and for reads from the disk. QEMU drops its
 * images from the system's cache whenever a saved guest is resumed. For one thread.
 */
final class ReadAhead {
    private static final int PAGES = 16;
    /** Reads from the cache are usually faster, reads from a disk slower. */
    private static final long DISK_NANOS = 40_000;

    private final PageSource source;
    private final byte[] buffer = new byte[PAGES * PageSource.PAGE_BYTES];
    private long first;
    private int count;
    private long next = -1;
    private boolean fromDisk;

    private ReadAhead(PageSource source) {
        this.source = source;
    }

    static List<ReadAhead> of(List<Reference> references) {
        return references.stream()
                .map(reference -> new ReadAhead(reference.pages()))
                .toList();
    }

    /** Reads a page, and returns its offset in {@link #buffer()}, valid until the next read. */
    int read(long page) throws IOException {
        if (page < first || page >= first + count) {
            if (fromDisk) {
                fill(page - page % PAGES, PAGES);
            } else {
                fill(page, page == next ? PAGES : 1);
            }
        }
        next = page + 1;
        return (int) (page - first) * PageSource.PAGE_BYTES;
    }

    private void fill(long from, int wanted) throws IOException {
        count = 0;
        int there = (int) Math.min(wanted, source.pages() - from);
        long start = System.nanoTime();
        source.read(from, there, buffer, 0);
        fromDisk = System.nanoTime() - start > DISK_NANOS;
        first = from;
        count = there;
    }

    byte[] buffer() {
        return buffer;
    }
}
