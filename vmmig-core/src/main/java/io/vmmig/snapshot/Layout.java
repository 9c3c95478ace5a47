// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import io.vmmig.page.PageSource;

/** What the decoded bytes of a segment are, in their order: pages, and what is between them. Not thread-safe. */
final class Layout {
    /** No more can be, since each takes this much of a segment. */
    static final int MAX_PAGES = Segments.MAX_BYTES / PageSource.PAGE_BYTES;

    /** A stream that changes its mind more often than this is not worth describing in detail. */
    static final int MAX_EVENTS = 8192;

    private final byte[] kinds = new byte[MAX_EVENTS + 2 * MAX_PAGES + 4];
    private final long[] values = new long[kinds.length];
    private int events;

    private final int[] offsets = new int[MAX_PAGES];
    private final long[] hashes = new long[MAX_PAGES];
    private final int[] twins = new int[MAX_PAGES];
    private int pages;

    private long firstPosition;
    private long address;

    /** Begins anew, for a segment whose first page has this position. */
    void begin(long position) {
        events = 0;
        pages = 0;
        firstPosition = position;
        address = -1;
    }

    /** Bytes that are no page. */
    void opaque(int length) {
        if (events > 0 && kinds[events - 1] == Op.OPAQUE) {
            values[events - 1] += length;
        } else {
            add(Op.OPAQUE, length);
        }
    }

    /** Whether records are still described, rather than carried as they are. */
    boolean describesRecords() {
        return events < MAX_EVENTS;
    }

    /** A page of zeros, as a record of QEMU's. */
    void zeroRecord(long recordAddress) {
        expect(recordAddress);
        if (events > 0 && kinds[events - 1] == Op.ZERO_RECORDS) {
            values[events - 1]++;
        } else {
            add(Op.ZERO_RECORDS, 1);
        }
    }

    /** A page of one repeated byte, and nothing before it. */
    void filled(int value) {
        fill(Op.FILL, value);
    }

    /** Pages of zeros, and nothing before them. */
    void zeros(int count) {
        add(Op.FILL, (long) count << Byte.SIZE);
    }

    /** A page of one repeated byte, in a record of QEMU's. */
    void filledRecord(long recordAddress, int value) {
        expect(recordAddress);
        fill(Op.FILL | Op.RECORD, value);
    }

    private void fill(int kind, int value) {
        int last = events - 1;
        if (last >= 0 && kinds[last] == kind && (values[last] & 0xff) == value) {
            values[last] += 0x100;
        } else {
            add(kind, 0x100 | value);
        }
    }

    /**
     * A page worth looking up, and nothing before it.
     *
     * @param offset where it is among the decoded bytes
     * @param twin how many content pages before it an equal one is, or 0
     */
    void page(int offset, long hash, int twin) {
        addPage(Op.LITERAL, offset, hash, twin);
    }

    /** A page worth looking up, in a record of QEMU's. */
    void pageRecord(long recordAddress, int offset, long hash, int twin) {
        expect(recordAddress);
        addPage(Op.LITERAL | Op.RECORD, offset, hash, twin);
    }

    private void addPage(int kind, int offset, long hash, int twin) {
        if (events > 0 && kinds[events - 1] == kind) {
            values[events - 1]++;
        } else {
            add(kind, 1);
        }
        offsets[pages] = offset;
        hashes[pages] = hash;
        twins[pages] = twin;
        pages++;
    }

    private void expect(long recordAddress) {
        if (recordAddress != address) {
            add(Op.ADDRESS, recordAddress);
        }
        address = recordAddress + PageSource.PAGE_BYTES;
    }

    private void add(int kind, long value) {
        kinds[events] = (byte) kind;
        values[events] = value;
        events++;
    }

    int events() {
        return events;
    }

    /** What comes there: an {@link Op}; {@link Op#LITERAL} for any pages worth looking up. */
    int kind(int event) {
        return kinds[event];
    }

    /** How many bytes or pages; the address; for {@link Op#FILL} 256 times how many, and the byte. */
    long value(int event) {
        return values[event];
    }

    /** How many pages are worth looking up. */
    int pages() {
        return pages;
    }

    int offset(int page) {
        return offsets[page];
    }

    long hash(int page) {
        return hashes[page];
    }

    int twin(int page) {
        return twins[page];
    }

    /** How many pages of any kind came before this segment in the package. */
    long firstPosition() {
        return firstPosition;
    }
}
