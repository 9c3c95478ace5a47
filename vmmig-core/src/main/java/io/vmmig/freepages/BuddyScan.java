// SPDX-License-Identifier: Apache-2.0
package io.vmmig.freepages;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Reads the kernel's page structs and finds the blocks that its buddy allocator marks as free. See {@code mm/page_alloc.c} of
 * Linux.
 */
final class BuddyScan {
    private static final int CHUNK = 4 << 20;
    private static final int REHEARSED_BYTES = 4 << 20;

    private final MemMap map;
    private final PageTables tables;
    private final FreeLists lists;
    private final FreeBlocks blocks;
    private final int structBytes;
    private final int mapCountOffset;
    private final int countOffset;
    private final int orderOffset;
    private final int mark;
    private long next;
    private @Nullable String doubt;

    BuddyScan(VmCoreInfo info, PageTables tables) throws Doubt {
        this.tables = tables;
        map = MemMap.of(info, tables);
        lists = new FreeLists(info, map);
        blocks = new FreeBlocks(tables.ram().layout());
        structBytes = map.structBytes();
        mapCountOffset = info.offset("page._mapcount");
        countOffset = info.offset("page._refcount");
        orderOffset = info.offset("page.private");
        // Its other users are ints; newer kernels print an unsigned number.
        mark = (int) info.number("PAGE_BUDDY_MAPCOUNT_VALUE");
        if (!isMember(mapCountOffset, Integer.BYTES)
                || !isMember(countOffset, Integer.BYTES)
                || !isMember(orderOffset, Long.BYTES)
                || mark >= -1) {
            throw new Doubt("its kernel, Linux " + info.release() + ", marks free pages in an unknown way");
        }
    }

    private boolean isMember(int offset, int bytes) {
        return offset + bytes <= structBytes && offset % bytes == 0;
    }

    /**
     * Scans all pages of a paused guest.
     *
     * @throws Doubt when anything is inconsistent
     */
    FreeBlocks run() throws Doubt {
        scan(Long.MAX_VALUE);
        if (doubt != null) {
            throw new Doubt(doubt);
        }
        lists.requireAgreement(tables);
        return blocks;
    }

    /**
     * Scans pages of a running guest. The result is meaningless, but the code is compiled and its speed known afterwards.
     *
     * @throws Doubt when a full scan would take longer than {@code limit}
     */
    void rehearse(Duration limit) throws Doubt {
        long start = System.nanoTime();
        double part = scan(REHEARSED_BYTES / structBytes);
        long expected = (long) ((System.nanoTime() - start) / part);
        if (expected > limit.toNanos()) {
            throw new Doubt("it would have to be paused for " + expected / 1_000_000 + " ms to find its free pages");
        }
    }

    /** Returns the scanned fraction. */
    private double scan(long limit) throws Doubt {
        byte[] chunk = new byte[CHUNK];
        int perChunk = CHUNK / structBytes;
        long scanned = 0;
        long all = 1;
        for (MemMap.Run run : map.runs()) {
            for (long done = 0; done < run.frames() && scanned < limit; done += perChunk) {
                int frames = (int) Math.min(Math.min(perChunk, run.frames() - done), limit - scanned);
                tables.ram().read(run.physical() + done * structBytes, chunk, 0, frames * structBytes);
                pick(chunk, frames, run.frame() + done, run.address() + done * structBytes);
                scanned += frames;
            }
            all += run.frames();
        }
        return (scanned + 1.0) / all;
    }

    private void pick(byte[] structs, int frames, long first, long address) {
        int end = frames * structBytes;
        for (int at = 0; at < end; at += structBytes) {
            if ((int) GuestRam.INT.get(structs, at + mapCountOffset) == mark) {
                block(structs, at, first + at / structBytes, address + at);
            }
        }
    }

    private void block(byte[] structs, int at, long frame, long address) {
        long order = (long) GuestRam.LONG.get(structs, at + orderOffset);
        if (order < 0 || order >= lists.orders()) {
            doubt = "its kernel has a free block of pages that is too large";
            return;
        }
        long frames = 1L << order;
        if (frame % frames != 0
                || frame < next
                || (int) GuestRam.INT.get(structs, at + countOffset) != 0
                || !blocks.add(frame, frames)) {
            doubt = "its kernel has an impossible free block of pages";
            return;
        }
        next = frame + frames;
        lists.found((int) order, address, structs, at);
    }
}
