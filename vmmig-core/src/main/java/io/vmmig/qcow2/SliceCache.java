// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * A few pieces of a file, each of a fixed place by its position, so that looking one up takes no lock. Thread-safe.
 *
 * @param <T> what a piece holds; not to be changed
 */
final class SliceCache<T> {
    private record Slice<T>(long position, T content) {}

    private final AtomicReferenceArray<@Nullable Slice<T>> slices;

    /** @param capacity how many pieces there may be, a power of two */
    SliceCache(int capacity) {
        this.slices = new AtomicReferenceArray<>(capacity);
    }

    /** The piece that was put for that very position, or null if it is not there any more. */
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
