// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.snapshot.Segments;
import io.vmmig.snapshot.SharedSegment;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A cache of recently read segments of a package and those that it is based on, in an amount of heap that does not depend on the number of
 * packages. Thread-safe.
 */
final class SegmentCache {
    /** Large enough for a page that leads through nine packages, and for several threads that read nearby. */
    static final long MAX_BYTES = Segments.cachedBytes(Runtime.getRuntime().maxMemory());

    private final Map<Key, SharedSegment> segments = new LinkedHashMap<>(16, 0.75f, true);
    private long bytes;

    private record Key(Object owner, int index) {}

    /** A segment, which the caller closes; null if it is not cached. */
    synchronized @Nullable SharedSegment get(Object owner, int index) {
        SharedSegment segment = segments.get(new Key(owner, index));
        return segment == null ? null : segment.share();
    }

    /** Adds a segment, which the caller still closes, and evicts the least recently used ones. */
    synchronized void put(Object owner, int index, SharedSegment segment) {
        bytes += segment.bytes();
        SharedSegment before = segments.put(new Key(owner, index), segment.share());
        if (before != null) {
            letGo(before);
        }
        Iterator<SharedSegment> eldest = segments.values().iterator();
        while (bytes > MAX_BYTES && segments.size() > 1) {
            letGo(eldest.next());
            eldest.remove();
        }
    }

    /** Removes all segments of a package. */
    synchronized void remove(Object owner) {
        segments.entrySet().removeIf(entry -> {
            boolean removed = entry.getKey().owner().equals(owner);
            if (removed) {
                letGo(entry.getValue());
            }
            return removed;
        });
    }

    private void letGo(SharedSegment segment) {
        bytes -= segment.bytes();
        segment.close();
    }

    /** The heap that they take, in bytes. */
    synchronized long bytes() {
        return bytes;
    }
}
