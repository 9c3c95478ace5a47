// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

/** The instructions of segments, as specified in {@code docs/package-format.md}. */
final class Op {
    /** Bytes from the data. */
    static final int OPAQUE = 0;
    /** The address in the next record. */
    static final int ADDRESS = 1;
    /** Pages from the data. */
    static final int LITERAL = 2;
    /** Pages of one repeated byte. */
    static final int FILL = 3;
    /** Pages that equal earlier ones of the same package. */
    static final int SAME = 4;
    /** Pages of a reference. */
    static final int REFERENCE = 5;
    /** Pages of a reference, changed by exclusive or with bytes from the data. */
    static final int DELTA = 6;
    /** QEMU records of pages of zeros. */
    static final int ZERO_RECORDS = 7;

    /** A flag for instructions that are pages: the header of its QEMU record precedes each page. */
    static final int RECORD = 0x10;

    /** The size of a record of a page of zeros: its header, and the zero. */
    static final int ZERO_RECORD_BYTES = Long.BYTES + 1;

    private static final int KINDS = 0x0f;

    private Op() {}

    static int kind(int op) {
        return op & KINDS;
    }

    /** The number of bytes before each of its pages. */
    static int headerBytes(int op) {
        return (op & RECORD) != 0 ? Long.BYTES : 0;
    }
}
