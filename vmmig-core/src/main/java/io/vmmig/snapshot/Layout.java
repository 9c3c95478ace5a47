// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import io.vmmig.page.PageSource;

/** Describes the decoded bytes of a segment, in order: pages, and what is between them. Not thread-safe. */
final class Layout {
    /** The maximum number of pages in a segment. */
    static final int MAX_PAGES = Segments.MAX_BYTES / PageSource.PAGE_BYTES;

    /** A stream with more events than this is not worth describing in detail. */
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

    /** Resets the layout for a segment whose first page has this position. */
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

    /** Whether records are still described, rather than copied unchanged. */
    boolean describesRecords() {
        return events < MAX_EVENTS;
    }

    /** A page of zeros, as a QEMU record. */
    void zeroRecord(long recordAddress) {
        expect(recordAddress);
        if (events > 0 && kinds[events - 1] == Op.ZERO_RECORDS) {
            values[events - 1]++;
        } else {
            add(Op.ZERO_RECORDS, 1);
        }
    }

    /** A page of one repeated byte, without a record header. */
    void filled(int value) {
        fill(Op.FILL, value);
    }

    /** Pages of zeros, without record headers. */
    void zeros(int count) {
        add(Op.FILL, (long) count << Byte.SIZE);
    }

    /** A page of one repeated byte, in a QEMU record. */
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
     * A page worth looking up, without a record header.
     *
     * @param offset its offset in the decoded bytes
     * @param twin how many content pages before it an equal one is, or 0
     */
    void page(int offset, long hash, int twin) {
        addPage(Op.LITERAL, offset, hash, twin);
    }

    /** A page worth looking up, in a QEMU record. */
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

    /** The kind of an event, an {@link Op}; {@link Op#LITERAL} for any pages worth looking up. */
    int kind(int event) {
        return kinds[event];
    }

    /** The number of bytes or pages, or the address; for {@link Op#FILL}, 256 times the number plus the byte. */
    long value(int event) {
        return values[event];
    }

    /** The number of pages worth looking up. */
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

    /** The number of pages of any kind before this segment in the package. */
    long firstPosition() {
        return firstPosition;
    }
}
