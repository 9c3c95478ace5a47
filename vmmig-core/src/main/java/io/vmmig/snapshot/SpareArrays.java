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
 * Large arrays that one package leaves to the next: to make them anew, tens of megabytes each time, would cost several full
 * garbage collections for each package. The heap gets them back when it needs them. Thread-safe.
 */
final class SpareArrays {
    /** Enough for a package that is written and one that is read. */
    private static final int MOST_OF_A_LENGTH = 16;

    private static final Map<Integer, Deque<SoftReference<byte[]>>> SPARE = new HashMap<>();

    private SpareArrays() {}

    /** An array of that length, of zeros: where a stranger's package leaves a gap, there must not be another guest's memory. */
    static byte[] take(int length) {
        byte[] array = takeAsLeft(length);
        Arrays.fill(array, (byte) 0);
        return array;
    }

    /** An array of that length, with anything in it. */
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

    /** Leaves an array to whoever needs one next; who gives it does not touch it any more. */
    static synchronized void give(byte[] array) {
        Deque<SoftReference<byte[]>> ofLength = SPARE.computeIfAbsent(array.length, length -> new ArrayDeque<>());
        ofLength.removeIf(one -> one.get() == null);
        if (ofLength.size() < MOST_OF_A_LENGTH) {
            ofLength.push(new SoftReference<>(array));
        }
    }
}
