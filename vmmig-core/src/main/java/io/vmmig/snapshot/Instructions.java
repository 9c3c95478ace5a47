// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import io.vmmig.error.PackageFormatException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Numbers as in a segment's instructions: 7 bits a byte, the lowest first, with the highest bit set if more follow. */
final class Instructions {
    private static final VarHandle LENGTH = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private static final int MORE = 0x80;
    private static final int BITS = 7;
    private static final int MAX_BYTES = 10;

    private final byte[] buffer;
    private int at;
    private final int end;

    Instructions(byte[] buffer, int offset, int end) {
        this.buffer = buffer;
        this.at = offset;
        this.end = end;
    }

    static void putLength(byte[] body, int offset, int length) {
        LENGTH.set(body, offset, length);
    }

    /** The instructions of a body: their length, in four bytes, the lowest first, and then themselves. */
    static Instructions of(byte[] body, int bodyLength) throws PackageFormatException {
        int length = bodyLength < Integer.BYTES ? -1 : (int) LENGTH.get(body, 0);
        if (length < 0 || length > bodyLength - Integer.BYTES) {
            throw Frames.malformed("a segment has no room for its instructions");
        }
        return new Instructions(body, Integer.BYTES, Integer.BYTES + length);
    }

    int end() {
        return end;
    }

    int position() {
        return at;
    }

    boolean atEnd() {
        return at == end;
    }

    void put(int value) {
        buffer[at++] = (byte) value;
    }

    void putNumber(long value) {
        long rest = value;
        while ((rest & -MORE) != 0) {
            buffer[at++] = (byte) (rest | MORE);
            rest >>>= BITS;
        }
        buffer[at++] = (byte) rest;
    }

    /** A number that may be negative: doubled, and inverted if it is. */
    void putSigned(long value) {
        putNumber((value << 1) ^ (value >> (Long.SIZE - 1)));
    }

    int take() throws PackageFormatException {
        if (at == end) {
            throw Frames.malformed("the instructions of a segment end too early");
        }
        return buffer[at++] & 0xff;
    }

    long takeNumber() throws PackageFormatException {
        long value = 0;
        for (int i = 0; i < MAX_BYTES; i++) {
            int next = take();
            value |= (long) (next & (MORE - 1)) << (i * BITS);
            if (next < MORE) {
                return value;
            }
        }
        throw Frames.malformed("a number in the instructions of a segment is too long");
    }

    long takeSigned() throws PackageFormatException {
        long value = takeNumber();
        return (value >>> 1) ^ -(value & 1);
    }
}
