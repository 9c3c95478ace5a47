// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import io.vmmig.error.PackageFormatException;
import io.vmmig.page.PageSource;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Reads the untrusted instructions of a segment: their length in four bytes, little-endian, then the instructions. Passes each to a visitor
 * with the offset of its data, after checking that the segment has room for its result and contains its data. Creates no object per
 * instruction. For one thread, and one use.
 */
final class InstructionReader {
    private static final VarHandle LENGTH = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private static final int PAGE_BYTES = PageSource.PAGE_BYTES;
    private static final int MORE = 0x80;
    private static final int BITS = 7;
    private static final int MAX_NUMBER_BYTES = 10;

    private final byte[] body;
    private final int bodyEnd;
    private final int room;
    private final int end;
    private final long[] next;
    private int at = Integer.BYTES;
    private int data;
    private int decoded;

    /**
     * Receives instructions. An {@code op} has the bit {@link Op#RECORD} when a header precedes each page; {@code data} is the offset in
     * the body of the bytes that the instruction takes.
     *
     * @param <E> what a visitor throws
     */
    interface Visitor<E extends Exception> {
        void opaque(int bytes, int data) throws E;

        void address(long address) throws E;

        void zeroRecords(int count) throws E;

        void literal(int op, int pages, int data) throws E;

        void fill(int op, int pages, int value) throws E;

        void same(int op, int pages, int distance) throws E;

        void refer(int op, int pages, int reference, long first) throws E;

        void change(int op, int pages, int reference, long first, int data) throws E;
    }

    /**
     * Reads from a body.
     *
     * @param there how many bytes of the body are available, including all instructions
     * @param bodyEnd the length of the whole body; more than {@code there} when the data are not available
     * @param room how many bytes the segment may decode to
     * @param references the number of references
     */
    InstructionReader(byte[] body, int there, int bodyEnd, int room, int references) throws PackageFormatException {
        int length = there < Integer.BYTES ? -1 : (int) LENGTH.get(body, 0);
        if (length < 0 || length > there - Integer.BYTES) {
            throw Frames.malformed("a segment has no room for its instructions");
        }
        this.body = body;
        this.bodyEnd = bodyEnd;
        this.room = room;
        this.end = Integer.BYTES + length;
        this.data = end;
        this.next = new long[references];
    }

    /** Reads all instructions; returns the end of the data. */
    <E extends Exception> int accept(Visitor<E> visitor) throws PackageFormatException, E {
        while (at < end) {
            step(take(), visitor);
        }
        return data;
    }

    private <E extends Exception> void step(int op, Visitor<E> visitor) throws PackageFormatException, E {
        long value = takeNumber();
        switch (op) {
            case Op.OPAQUE -> {
                int bytes = count(value, 1);
                visitor.opaque(bytes, takeData(bytes));
            }
            case Op.ADDRESS -> visitor.address(value * PAGE_BYTES);
            case Op.ZERO_RECORDS -> visitor.zeroRecords(count(value, Op.ZERO_RECORD_BYTES));
            case Op.LITERAL, Op.LITERAL | Op.RECORD -> {
                int pages = pages(op, value);
                visitor.literal(op, pages, takeData(pages * PAGE_BYTES));
            }
            case Op.FILL, Op.FILL | Op.RECORD -> visitor.fill(op, pages(op, value), take());
            case Op.SAME, Op.SAME | Op.RECORD -> visitor.same(op, pages(op, value), takeDistance());
            case Op.REFERENCE, Op.REFERENCE | Op.RECORD -> {
                int pages = pages(op, value);
                int reference = takeReference();
                visitor.refer(op, pages, reference, takeFirst(reference, pages));
            }
            case Op.DELTA, Op.DELTA | Op.RECORD -> {
                int pages = pages(op, value);
                int reference = takeReference();
                long first = takeFirst(reference, pages);
                visitor.change(op, pages, reference, first, takeData(pages * PAGE_BYTES));
            }
            default -> throw Frames.malformed("a segment has an instruction that is not known: " + op);
        }
    }

    private int pages(int op, long value) throws PackageFormatException {
        return count(value, PAGE_BYTES + Op.headerBytes(op));
    }

    /** The number, checked: that many items of that size must fit. */
    private int count(long value, int bytesEach) throws PackageFormatException {
        if (value < 0 || value > room) {
            throw Frames.malformed("a segment has an instruction with an impossible number");
        }
        long made = decoded + value * bytesEach;
        if (made > room) {
            throw Frames.overLimit(made, room);
        }
        decoded = (int) made;
        return (int) value;
    }

    private int takeData(int bytes) throws PackageFormatException {
        if (bytes > bodyEnd - data) {
            throw Frames.malformed("the data of a segment end too early");
        }
        int taken = data;
        data += bytes;
        return taken;
    }

    private int takeDistance() throws PackageFormatException {
        long distance = takeNumber();
        if (distance < 1 || distance > PageRing.PAGES) {
            throw Frames.malformed("a segment repeats a page that is too far away");
        }
        return (int) distance;
    }

    private int takeReference() throws PackageFormatException {
        long reference = takeNumber();
        if (reference < 0 || reference >= next.length) {
            throw Frames.malformed("a segment needs a reference that the manifest does not name");
        }
        return (int) reference;
    }

    /** Each run of a reference gives its distance from the end of the previous one. */
    private long takeFirst(int reference, int pages) throws PackageFormatException {
        long first = next[reference] + takeSigned();
        next[reference] = first + pages;
        return first;
    }

    private int take() throws PackageFormatException {
        if (at == end) {
            throw Frames.malformed("the instructions of a segment end too early");
        }
        return body[at++] & 0xff;
    }

    private long takeNumber() throws PackageFormatException {
        long value = 0;
        for (int i = 0; i < MAX_NUMBER_BYTES; i++) {
            int more = take();
            value |= (long) (more & (MORE - 1)) << (i * BITS);
            if (more < MORE) {
                return value;
            }
        }
        throw Frames.malformed("a number in the instructions of a segment is too long");
    }

    private long takeSigned() throws PackageFormatException {
        long value = takeNumber();
        return (value >>> 1) ^ -(value & 1);
    }
}
