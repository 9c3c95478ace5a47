// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

/** A large array that is only needed for a while, with anything in it. */
public record SpareRoom(byte[] bytes) implements AutoCloseable {
    /** Room for that many bytes. */
    public SpareRoom(int bytes) {
        this(SpareArrays.takeAsLeft(bytes));
    }

    @Override
    public void close() {
        SpareArrays.give(bytes);
    }
}
