// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

/** A large temporary array with arbitrary initial content. */
public record SpareRoom(byte[] bytes) implements AutoCloseable {
    /** An array of that many bytes. */
    public SpareRoom(int bytes) {
        this(SpareArrays.takeAsLeft(bytes));
    }

    @Override
    public void close() {
        SpareArrays.give(bytes);
    }
}
