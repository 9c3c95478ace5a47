// SPDX-License-Identifier: Apache-2.0
package io.vmmig.freepages;

/**
 * A Linux kernel in a guest's memory.
 *
 * @param info its VMCOREINFO
 * @param infoAddress the physical address of its VMCOREINFO
 * @param tables its page tables
 */
record LinuxKernel(VmCoreInfo info, long infoAddress, PageTables tables) {
    /** The same kernel at another time. */
    LinuxKernel at(GuestRam ram) {
        return new LinuxKernel(info, infoAddress, tables.at(ram));
    }

    /** Fails unless the kernel's RAM ends where ours does. This confirms the position of the hole, which would shift the end. */
    void requireSameEnd(RamLayout layout) throws Doubt {
        // Without nodes there is one structure, with nodes an array of pointers to one each.
        long node = info.has("SYMBOL(node_data)")
                ? tables.number(info.symbol("node_data"))
                : info.symbol("contig_page_data");
        long first = tables.number(node + info.offset("pglist_data.node_start_pfn"));
        long frames = tables.number(node + info.offset("pglist_data.node_spanned_pages"));
        if (first + frames != layout.end() >>> RamLayout.PAGE_SHIFT) {
            throw new Doubt("its kernel's RAM is not where it should be");
        }
    }

    void requireSame(LinuxKernel other) throws Doubt {
        if (!info.isSame(other.info)) {
            throw new Doubt("two kernels describe themselves in it");
        }
    }

    /** Fails unless its VMCOREINFO is unchanged. */
    void requireUnchanged() throws Doubt {
        if (!info.isStill(tables.ram().read(infoAddress, RamLayout.PAGE_BYTES))) {
            throw new Doubt("its kernel has changed since the search");
        }
    }
}
