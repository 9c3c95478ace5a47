// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import java.lang.ref.SoftReference;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Large arrays that packages reuse: allocating tens of megabytes for each package would cost several full garbage collections. They are
 * released when the heap runs low. Thread-safe.
 */
final class SpareArrays {
    /** Enough for a package that is written and one that is read. */
    private static final int MOST_OF_A_LENGTH = 16;

    private static final Map<Integer, Deque<SoftReference<byte[]>>> SPARE = new HashMap<>();

    private SpareArrays() {}

    /** An array of zeros: a gap in an untrusted package must not expose another guest's memory. */
    static byte[] take(int length) {
        byte[] array = takeAsLeft(length);
        Arrays.fill(array, (byte) 0);
        return array;
    }

    /** An array with arbitrary content. */
    static byte[] takeAsLeft(int length) {
        byte[] spare = spare(length);
        return spare == null ? new byte[length] : spare;
    }

    private static synchronized byte @Nullable [] spare(int length) {
        Deque<SoftReference<byte[]>> ofLength = SPARE.getOrDefault(length, new ArrayDeque<>());
        byte[] array = null;
        while (array == null && !ofLength.isEmpty()) {
            array = ofLength.pop().get();
        }
        return array;
    }

    /** Returns an array for reuse; the caller must not use it afterwards. */
    static synchronized void give(byte[] array) {
        Deque<SoftReference<byte[]>> ofLength = SPARE.computeIfAbsent(array.length, length -> new ArrayDeque<>());
        ofLength.removeIf(one -> one.get() == null);
        if (ofLength.size() < MOST_OF_A_LENGTH) {
            ofLength.push(new SoftReference<>(array));
        }
    }
}
