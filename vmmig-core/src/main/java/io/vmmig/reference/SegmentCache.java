// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.snapshot.PageMap;
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
    static final long MAX_BYTES = 48 << 20;

    private final Map<Key, Segment> segments = new LinkedHashMap<>(16, 0.75f, true);
    private long bytes;

    private record Key(Object owner, int index) {}

    /** What a segment's instructions are, and the data that they take. */
    record Segment(byte[] body, PageMap map) {
        long bytes() {
            return body.length + map.bytes();
        }
    }

    synchronized @Nullable Segment get(Object owner, int index) {
        return segments.get(new Key(owner, index));
    }

    /** Adds a segment, and lets go of those that were not used for longest. */
    synchronized void put(Object owner, int index, Segment segment) {
        Segment before = segments.put(new Key(owner, index), segment);
        bytes += segment.bytes() - (before == null ? 0 : before.bytes());
        Iterator<Segment> eldest = segments.values().iterator();
        while (bytes > MAX_BYTES && segments.size() > 1) {
            bytes -= eldest.next().bytes();
            eldest.remove();
        }
    }

    /** How much heap they take. */
    synchronized long bytes() {
        return bytes;
    }
}
