// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Writes the instructions of a segment for {@link InstructionReader}: numbers with 7 bits per byte, little-endian. */
final class InstructionWriter {
    private static final VarHandle LENGTH = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private static final int MORE = 0x80;
    private static final int BITS = 7;

    private final byte[] buffer;
    private int at;

    InstructionWriter(byte[] buffer, int offset) {
        this.buffer = buffer;
        this.at = offset;
    }

    static void putLength(byte[] body, int offset, int length) {
        LENGTH.set(body, offset, length);
    }

    int position() {
        return at;
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

    /** A number that may be negative, zigzag-encoded: doubled, and inverted if negative. */
    void putSigned(long value) {
        putNumber((value << 1) ^ (value >> (Long.SIZE - 1)));
    }
}
