// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import java.util.concurrent.atomic.LongAdder;

/** Counts the pages of one content by how they are stored. Thread-safe. */
public final class PageTally {
    private final LongAdder[] pages = new LongAdder[Op.ZERO_RECORDS + 1];
    private final LongAdder[] referenced;

    /**
     * A tally that starts from 0.
     *
     * @param references the number of the package's references
     */
    public PageTally(int references) {
        java.util.Arrays.setAll(pages, i -> new LongAdder());
        this.referenced = new LongAdder[references];
        java.util.Arrays.setAll(referenced, i -> new LongAdder());
    }

    void add(int kind, long count) {
        pages[kind].add(count);
    }

    void addReferenced(int reference, long count) {
        referenced[reference].add(count);
    }

    /** Pages of zeros or of another repeated byte. */
    public long filled() {
        return pages[Op.FILL].sum() + pages[Op.ZERO_RECORDS].sum();
    }

    /** Pages that equal an earlier one of the package. */
    public long same() {
        return pages[Op.SAME].sum();
    }

    /** Pages that are stored as the difference from a page of a reference. */
    public long deltas() {
        return pages[Op.DELTA].sum();
    }

    /** Pages that are stored literally. */
    public long literal() {
        return pages[Op.LITERAL].sum();
    }

    /** Pages that equal a page of the reference of that number. */
    public long referenced(int reference) {
        return referenced[reference].sum();
    }
}
