// SPDX-License-Identifier: Apache-2.0
package io.vmmig.freepages;

/**
 * A Linux kernel in a guest's memory.
 *
 * @param info what it says about itself
 * @param infoAddress the physical address of that
 * @param tables its page tables
 */
record LinuxKernel(VmCoreInfo info, long infoAddress, PageTables tables) {
    /** The same kernel at another moment. */
    LinuxKernel at(GuestRam ram) {
        return new LinuxKernel(info, infoAddress, tables.at(ram));
    }

    /**
     * Fails unless the kernel's RAM ends where ours does. That settles where the hole is: another one would move the end by as
     * much.
     */
    void requireSameEnd(RamLayout layout) throws Doubt {
        // Without nodes there is one structure, with nodes an array of pointers to one each.
        long node = info.has("SYMBOL(node_data)")
                ? tables.number(info.symbol("node_data"))
                : info.symbol("contig_page_data");
        long first = tables.number(node + info.offset("pglist_data.node_start_pfn"));
        long frames = tables.number(node + info.offset("pglist_data.node_spanned_pages"));
        if (first + frames != layout.end() >>> RamLayout.PAGE_SHIFT) {
            throw new Doubt("its kernel has its RAM elsewhere than it should be");
        }
    }

    void requireSame(LinuxKernel other) throws Doubt {
        if (!info.isSame(other.info)) {
            throw new Doubt("two kernels describe themselves in it");
        }
    }

    /** Fails unless it still says the same about itself. */
    void requireUnchanged() throws Doubt {
        if (!info.isStill(tables.ram().read(infoAddress, RamLayout.PAGE_BYTES))) {
            throw new Doubt("its kernel is not the one that was there a moment ago");
        }
    }
}
