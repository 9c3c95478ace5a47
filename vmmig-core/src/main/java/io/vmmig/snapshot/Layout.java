// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import io.vmmig.page.PageSource;

/** Describes the decoded bytes of a segment, in order: pages, and what is between them. Not thread-safe. */
final class Layout {
    /** The maximum number of pages in a segment. */
    static final int MAX_PAGES = Segments.MAX_BYTES / PageSource.PAGE_BYTES;

    /** A stream with more events than this is not worth describing in detail. */
    static final int MAX_EVENTS = 8192;

    /** The address of a page that is in no QEMU record, or in one whose header is not described. */
    static final long NO_RECORD = -1;

    private final byte[] kinds = new byte[MAX_EVENTS + 2 * MAX_PAGES + 4];
    private final long[] values = new long[kinds.length];
    private int events;

    private final int[] offsets = new int[MAX_PAGES];
    private final long[] positions = new long[MAX_PAGES];
    private final long[] hashes = new long[MAX_PAGES];
    private final int[] twins = new int[MAX_PAGES];
    private int pages;

    private long position;
    private long address;

    /** Resets the layout for a segment whose first page has this position. */
    void begin(long firstPosition) {
        events = 0;
        pages = 0;
        position = firstPosition;
        address = NO_RECORD;
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
        extend(Op.ZERO_RECORDS);
        position++;
    }

    /** Pages of one repeated byte. */
    void filled(long recordAddress, int count, int value) {
        int kind = Op.FILL | recordFlag(recordAddress);
        int last = events - 1;
        if (last >= 0 && kinds[last] == kind && (values[last] & 0xff) == value) {
            values[last] += (long) count << Byte.SIZE;
        } else {
            add(kind, (long) count << Byte.SIZE | value);
        }
        position += count;
    }

    /**
     * A page worth looking up.
     *
     * @param offset its offset in the decoded bytes
     * @param twin how many content pages before it an equal one is, or 0
     * @param expected the number that it is expected to have in an earlier package
     */
    void page(long recordAddress, int offset, long hash, int twin, long expected) {
        extend(Op.LITERAL | recordFlag(recordAddress));
        offsets[pages] = offset;
        positions[pages] = expected;
        position++;
        hashes[pages] = hash;
        twins[pages] = twin;
        pages++;
    }

    private int recordFlag(long recordAddress) {
        if (recordAddress == NO_RECORD) {
            return 0;
        }
        expect(recordAddress);
        return Op.RECORD;
    }

    private void expect(long recordAddress) {
        if (recordAddress != address) {
            add(Op.ADDRESS, recordAddress);
        }
        address = recordAddress + PageSource.PAGE_BYTES;
    }

    private void extend(int kind) {
        if (events > 0 && kinds[events - 1] == kind) {
            values[events - 1]++;
        } else {
            add(kind, 1);
        }
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

    /** The number that this page is expected to have in an earlier package. */
    long position(int page) {
        return positions[page];
    }

    /** The number of pages of any kind up to here in the package. */
    long position() {
        return position;
    }
}
