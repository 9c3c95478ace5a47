// SPDX-License-Identifier: Apache-2.0
package io.vmmig.freepages;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Checks the found free blocks against the allocator's free lists and its counters.
 *
 * <p>Blocks and list heads are linked in rings. So the "next" pointers of all of them are the addresses of all of them, each
 * exactly once, and so are the "previous" pointers. Comparing the sums of hashes shows whether a block is missing, or is in no
 * list, without keeping the blocks in memory.
 */
final class FreeLists {
    private static final String CONTRADICTION = "its kernel's free lists are inconsistent, as they are during a change";

    private static final int MAX_HEADS = 1 << 14;
    private static final int MAX_ORDERS = 32;
    private static final int MAX_ZONE_BYTES = 64 << 10;

    private final long seed = ThreadLocalRandom.current().nextLong();
    private final MemMap map;
    private final int lruOffset;
    private final int nextOffset;
    private final int previousOffset;
    private final int listBytes;
    private final int listsOffset;
    private final int lists;
    private final int areaBytes;
    private final int areasOffset;

    private final long[] blocks;
    private final long[] counted;
    private final long[] addresses;
    private final long[] nexts;
    private final long[] previouses;
    private final Map<Long, Integer> heads = new LinkedHashMap<>();
    private boolean tooManyHeads;

    FreeLists(VmCoreInfo info, MemMap map) throws Doubt {
        this.map = map;
        int orders = info.length("zone.free_area");
        lruOffset = info.offset("page.lru");
        nextOffset = info.offset("list_head.next");
        previousOffset = info.offset("list_head.prev");
        listBytes = info.size("list_head");
        listsOffset = info.offset("free_area.free_list");
        lists = info.length("free_area.free_list");
        areaBytes = info.size("free_area");
        areasOffset = info.offset("zone.free_area");
        boolean known = orders > 0
                && orders < MAX_ORDERS
                && listBytes == 2 * Long.BYTES
                && nextOffset + previousOffset == Long.BYTES
                && nextOffset % Long.BYTES == 0
                && lists > 0
                && listsOffset == 0
                && areaBytes == lists * listBytes + Long.BYTES
                && lruOffset + listBytes <= map.structBytes()
                && lruOffset % Long.BYTES == 0
                && areasOffset + orders * areaBytes <= Math.min(info.size("zone"), MAX_ZONE_BYTES);
        if (!known) {
            throw new Doubt("its kernel, Linux " + info.release() + ", keeps free pages in an unknown way");
        }
        blocks = new long[orders];
        counted = new long[orders];
        addresses = new long[orders];
        nexts = new long[orders];
        previouses = new long[orders];
    }

    int orders() {
        return blocks.length;
    }

    /** Adds a found block; {@code struct} is the address of its first struct page, at {@code offset}. */
    void found(int order, long struct, byte[] bytes, int offset) {
        blocks[order]++;
        link(order, struct + lruOffset, bytes, offset + lruOffset);
    }

    private void link(int order, long address, byte[] bytes, int offset) {
        long next = (long) GuestRam.LONG.get(bytes, offset + nextOffset);
        long previous = (long) GuestRam.LONG.get(bytes, offset + previousOffset);
        addresses[order] += hash(address);
        nexts[order] += hash(next);
        previouses[order] += hash(previous);
        addHead(order, next);
        addHead(order, previous);
    }

    private void addHead(int order, long address) {
        if (!map.holds(address, lruOffset)) {
            if (heads.size() < MAX_HEADS) {
                heads.put(address, order);
            } else {
                tooManyHeads = true;
            }
        }
    }

    private long hash(long address) {
        // The finaliser of MurmurHash3, which is a permutation of all numbers.
        long h = address ^ seed;
        h = (h ^ h >>> 33) * 0xff51afd7ed558ccdL;
        h = (h ^ h >>> 33) * 0xc4ceb9fe1a85ec53L;
        return h ^ h >>> 33;
    }

    /** Fails unless the found blocks are exactly those in the lists. */
    void requireAgreement(PageTables tables) throws Doubt {
        while (!heads.isEmpty() && !tooManyHeads) {
            tables.ram().requireTime();
            Map.Entry<Long, Integer> head = heads.entrySet().iterator().next();
            if (!takeZoneOf(tables, head.getKey(), head.getValue())) {
                throw new Doubt(CONTRADICTION);
            }
        }
        for (int order = 0; order < orders(); order++) {
            if (tooManyHeads
                    || blocks[order] != counted[order]
                    || nexts[order] != addresses[order]
                    || previouses[order] != addresses[order]) {
                throw new Doubt(CONTRADICTION);
            }
        }
    }

    /** A head does not show which list of its order it belongs to. */
    private boolean takeZoneOf(PageTables tables, long head, int order) throws Doubt {
        for (int list = 0; list < lists; list++) {
            long areas = head - (long) order * areaBytes - (long) list * listBytes;
            byte[] zone = areas(tables, areas);
            if (zone != null && isZone(zone, areas)) {
                take(zone, areas);
                return true;
            }
        }
        return false;
    }

    private byte @Nullable [] areas(PageTables tables, long areas) throws Doubt {
        return areas % Long.BYTES == 0
                        && tables.isKernelAddress(areas)
                        && tables.lookUp(areas).present()
                ? tables.read(areas, orders() * areaBytes)
                : null;
    }

    private boolean isZone(byte[] zone, long areas) {
        for (int order = 0; order < orders(); order++) {
            boolean empty = true;
            for (int list = 0; list < lists; list++) {
                int offset = order * areaBytes + list * listBytes;
                long self = areas + offset;
                long next = (long) GuestRam.LONG.get(zone, offset + nextOffset);
                long previous = (long) GuestRam.LONG.get(zone, offset + previousOffset);
                boolean emptyList = next == self && previous == self;
                if (!emptyList && !(map.holds(next, lruOffset) && map.holds(previous, lruOffset))) {
                    return false;
                }
                empty &= emptyList;
            }
            if (empty != (blocksOf(zone, order) == 0)) {
                return false;
            }
        }
        return true;
    }

    private long blocksOf(byte[] zone, int order) {
        return (long) GuestRam.LONG.get(zone, order * areaBytes + lists * listBytes);
    }

    private void take(byte[] zone, long areas) {
        for (int order = 0; order < orders(); order++) {
            counted[order] += blocksOf(zone, order);
            for (int list = 0; list < lists; list++) {
                int offset = order * areaBytes + list * listBytes;
                link(order, areas + offset, zone, offset);
            }
        }
        for (Iterator<Map.Entry<Long, Integer>> i = heads.entrySet().iterator(); i.hasNext(); ) {
            Map.Entry<Long, Integer> head = i.next();
            long distance = head.getKey() - areas;
            if (distance >= 0 && distance < (long) orders() * areaBytes && distance / areaBytes == head.getValue()) {
                i.remove();
            }
        }
    }
}
