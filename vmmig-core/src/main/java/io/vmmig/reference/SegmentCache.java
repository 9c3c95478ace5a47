// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.snapshot.Segments;
import io.vmmig.snapshot.SharedSegment;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The segments that were read last of a package and of those that it stands upon, in an amount of heap that does not depend on
 * how many packages these are. Thread-safe.
 */
final class SegmentCache {
    /** A page may lead through nine packages, and several threads read at neighbouring places. */
    static final long MAX_BYTES = Segments.cachedBytes(Runtime.getRuntime().maxMemory());

    private final Map<Key, SharedSegment> segments = new LinkedHashMap<>(16, 0.75f, true);
    private long bytes;

    private record Key(Object owner, int index) {}

    /** A segment, to be closed by the caller; null if it is not here. */
    synchronized @Nullable SharedSegment get(Object owner, int index) {
        SharedSegment segment = segments.get(new Key(owner, index));
        return segment == null ? null : segment.share();
    }

    /** Adds a segment, which the caller still has, and lets go of those that were not used for longest. */
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

    /** Lets go of all segments of a package. */
    synchronized void remove(Object owner) {
        Iterator<Map.Entry<Key, SharedSegment>> each = segments.entrySet().iterator();
        while (each.hasNext()) {
            Map.Entry<Key, SharedSegment> entry = each.next();
            if (entry.getKey().owner().equals(owner)) {
                letGo(entry.getValue());
                each.remove();
            }
        }
    }

    private void letGo(SharedSegment segment) {
        bytes -= segment.bytes();
        segment.close();
    }

    /** How much heap they take. */
    synchronized long bytes() {
        return bytes;
    }
}
