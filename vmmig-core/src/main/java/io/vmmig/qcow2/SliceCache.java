// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * A direct-mapped cache of pieces of a file: the position determines the slot, so lookups take no lock. Thread-safe.
 *
 * @param <T> a piece's content, which must not be changed
 */
final class SliceCache<T> {
    private record Slice<T>(long position, T content) {}

    private final AtomicReferenceArray<@Nullable Slice<T>> slices;

    /**
     * @param capacity the maximum number of pieces, a power of two
     */
    SliceCache(int capacity) {
        this.slices = new AtomicReferenceArray<>(capacity);
    }

    /** The piece for exactly that position, or null if the cache does not hold it. */
    @Nullable
    T get(long position) {
        Slice<T> slice = slices.get(placeOf(position));
        return slice != null && slice.position == position ? slice.content : null;
    }

    void put(long position, T content) {
        slices.set(placeOf(position), new Slice<>(position, content));
    }

    private int placeOf(long position) {
        long mixed = position * 0x9E3779B97F4A7C15L;
        return (int) (mixed >>> 32) & (slices.length() - 1);
    }
}
