// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import io.vmmig.error.PackageFormatException;
import io.vmmig.page.PageSource;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Reads the untrusted instructions of a segment, one after the other: their length in four bytes, little-endian, then the instructions. Checks
 * that the segment has room for the result of each and contains its data. Creates no object per instruction. For one thread.
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
    private int dataEnd;
    private int decoded;

    private int op;
    private int count;
    private int data;
    private int reference;
    private long argument;

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
        this.dataEnd = end;
        this.next = new long[references];
    }

    /** Reads the next instruction; returns false after the last. */
    boolean next() throws PackageFormatException {
        if (at == end) {
            return false;
        }
        op = take();
        long number = takeNumber();
        switch (op) {
            case Op.OPAQUE -> {
                makeRoom(number, 1);
                takeData(count);
            }
            case Op.ADDRESS -> argument = number * PAGE_BYTES;
            case Op.ZERO_RECORDS -> makeRoom(number, Op.ZERO_RECORD_BYTES);
            default -> pages(number);
        }
        return true;
    }

    private void pages(long number) throws PackageFormatException {
        int kind = op & ~Op.RECORD;
        if (kind < Op.LITERAL || kind > Op.DELTA) {
            throw Frames.malformed("a segment has an instruction that is not known: " + op);
        }
        makeRoom(number, PAGE_BYTES + Op.headerBytes(op));
        switch (kind) {
            case Op.FILL -> argument = take();
            case Op.SAME -> takeDistance();
            case Op.REFERENCE, Op.DELTA -> takeReference();
            default -> {}
        }
        if (kind == Op.LITERAL || kind == Op.DELTA) {
            takeData(count * PAGE_BYTES);
        }
    }

    /** Sets the count, after checking that so many items of that size fit. */
    private void makeRoom(long number, int bytesEach) throws PackageFormatException {
        if (number < 0 || number > room) {
            throw Frames.malformed("a segment has an instruction with an impossible number");
        }
        long made = decoded + number * bytesEach;
        if (made > room) {
            throw Frames.overLimit(made, room);
        }
        decoded = (int) made;
        count = (int) number;
    }

    private void takeData(int bytes) throws PackageFormatException {
        if (bytes > bodyEnd - dataEnd) {
            throw Frames.malformed("the data of a segment end too early");
        }
        data = dataEnd;
        dataEnd += bytes;
    }

    private void takeDistance() throws PackageFormatException {
        argument = takeNumber();
        if (argument < 1 || argument > PageRing.PAGES) {
            throw Frames.malformed("a segment repeats a page that is too far away");
        }
    }

    /** Each run of a reference gives its distance from the end of the previous one. */
    private void takeReference() throws PackageFormatException {
        long number = takeNumber();
        if (number < 0 || number >= next.length) {
            throw Frames.malformed("a segment needs a reference that the manifest does not name");
        }
        reference = (int) number;
        long distance = takeNumber();
        argument = next[reference] + ((distance >>> 1) ^ -(distance & 1));
        next[reference] = argument + count;
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

    /** The instruction, with the bit {@link Op#RECORD} if a header precedes each page. */
    int op() {
        return op;
    }

    /** The number of bytes, records or pages; undefined for {@link Op#ADDRESS}. */
    int count() {
        return count;
    }

    /** The offset in the body of the bytes that the instruction takes, if it takes any. */
    int data() {
        return data;
    }

    int reference() {
        return reference;
    }

    /** The address, the byte of {@link Op#FILL}, the distance of {@link Op#SAME}, or the first page of the reference. */
    long argument() {
        return argument;
    }

    /** The end of the data of all instructions so far. */
    int dataEnd() {
        return dataEnd;
    }
}
