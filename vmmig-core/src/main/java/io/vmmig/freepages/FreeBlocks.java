// SPDX-License-Identifier: Apache-2.0
package io.vmmig.freepages;

import io.vmmig.hypervisor.RamRegion;
import java.util.BitSet;

/** A set of pages of a RAM block, by index. */
final class FreeBlocks {
    private final RamLayout layout;
    private final BitSet pages;
    private long count;

    FreeBlocks(RamLayout layout) {
        this.layout = layout;
        pages = new BitSet((int) (layout.bytes() >>> RamLayout.PAGE_SHIFT));
    }

    /** Adds guest-physical pages; refuses ranges that are not entirely RAM. */
    boolean add(long frame, long frames) {
        long start = frame << RamLayout.PAGE_SHIFT;
        long bytes = frames << RamLayout.PAGE_SHIFT;
        for (RamRegion region : layout.regions()) {
            if (region.holds(start, bytes)) {
                int page = (int) (region.blockOffset() + start - region.start() >>> RamLayout.PAGE_SHIFT);
                pages.set(page, (int) (page + frames));
                count += frames;
                return true;
            }
        }
        return false;
    }

    /** Whether a page of QEMU's RAM block of that name was added. */
    boolean holds(String block, long blockOffset) {
        long page = blockOffset >>> RamLayout.PAGE_SHIFT;
        return layout.blocks().contains(block)
                && page < layout.bytes() >>> RamLayout.PAGE_SHIFT
                && pages.get((int) page);
    }

    long count() {
        return count;
    }
}
