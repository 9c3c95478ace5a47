// SPDX-License-Identifier: Apache-2.0
package io.vmmig.freepages;

import io.vmmig.hypervisor.RamRegion;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The location of a kernel's {@code struct page}s, one for each page of RAM. See {@code include/linux/mmzone.h} of Linux. */
final class MemMap {
    private static final int MAX_RUNS = 1 << 16;
    private static final long HAS_MEM_MAP = 3;
    /** Other flags in a section's low bits: online, early, of a device, initialised early. */
    private static final long KNOWN_FLAGS = 0x3f;

    private static final long FLAGS = RamLayout.PAGE_BYTES - 1;

    /**
     * A contiguous run of them.
     *
     * @param frame the number of the first page
     * @param frames how many pages
     * @param address the kernel address of the first struct
     * @param physical the physical address of that
     */
    record Run(long frame, long frames, long address, long physical) {
        boolean continuedBy(Run next, int size) {
            return next.frame == frame + frames
                    && next.address == address + frames * size
                    && next.physical == physical + frames * size;
        }
    }

    private final int structBytes;
    private final List<Run> runs = new ArrayList<>();
    private final TreeMap<Long, Run> byAddress = new TreeMap<>();

    private MemMap(int structBytes) {
        this.structBytes = structBytes;
    }

    static MemMap of(VmCoreInfo info, PageTables tables) throws Doubt {
        int structBytes = info.size("page");
        if (structBytes < 32 || RamLayout.PAGE_BYTES % structBytes != 0) {
            throw new Doubt("its kernel has a struct page of " + structBytes + " bytes");
        }
        MemMap map = new MemMap(structBytes);
        map.readSections(info, tables);
        for (Run run : map.runs) {
            map.byAddress.put(run.address, run);
        }
        return map;
    }

    private void readSections(VmCoreInfo info, PageTables tables) throws Doubt {
        GuestRam ram = tables.ram();
        long sectionBits = info.number("SECTION_SIZE_BITS");
        int sectionBytes = info.size("mem_section");
        if (sectionBits < 24 || sectionBits > 32 || sectionBytes < Long.BYTES || sectionBytes > RamLayout.PAGE_BYTES) {
            throw new Doubt("its kernel divides memory in an unknown way");
        }
        long perRoot = RamLayout.PAGE_BYTES / sectionBytes;
        long sections = (ram.layout().end() - 1 >>> sectionBits) + 1;
        long roots = info.length("mem_section");
        if ((sections - 1) / perRoot >= roots
                || roots * perRoot != 1L << info.number("MAX_PHYSMEM_BITS") - sectionBits) {
            throw new Doubt("its kernel keeps no table of memory sections in two steps");
        }
        long table = info.symbol("mem_section");
        int member = info.offset("mem_section.section_mem_map");
        for (long section = 0; section < sections; section++) {
            long root = tables.number(table + section / perRoot * Long.BYTES);
            if (root != 0) {
                long entry = tables.number(root + section % perRoot * sectionBytes + member);
                addSection(tables, section, sectionBits, entry);
            }
        }
    }

    private void addSection(PageTables tables, long section, long sectionBits, long entry) throws Doubt {
        if (entry == 0) {
            return;
        }
        if ((entry & FLAGS & ~KNOWN_FLAGS) != 0) {
            throw new Doubt("its kernel marks memory sections in an unknown way");
        }
        if ((entry & HAS_MEM_MAP) != HAS_MEM_MAP) {
            return;
        }
        long first = section << sectionBits - RamLayout.PAGE_SHIFT;
        long end = section + 1 << sectionBits - RamLayout.PAGE_SHIFT;
        for (RamRegion region : tables.ram().layout().regions()) {
            long from = Math.max(first, region.start() >>> RamLayout.PAGE_SHIFT);
            long to = Math.min(end, region.end() >>> RamLayout.PAGE_SHIFT);
            // The kernel has subtracted the section's first number in advance.
            addFrames(tables, from, to, (entry & ~FLAGS) + from * structBytes);
        }
    }

    private void addFrames(PageTables tables, long from, long to, long address) throws Doubt {
        long at = address;
        for (long frame = from; frame < to; ) {
            PageTables.Mapping mapping = tables.present(at);
            long frames = Math.min(to - frame, mapping.bytes() / structBytes);
            if (frames == 0 || !tables.ram().holds(mapping.physical(), frames * structBytes)) {
                throw new Doubt("its kernel's page structs are not in its RAM");
            }
            add(new Run(frame, frames, at, mapping.physical()));
            frame += frames;
            at += frames * structBytes;
        }
    }

    private void add(Run run) throws Doubt {
        Run last = runs.isEmpty() ? null : runs.get(runs.size() - 1);
        if (last != null && last.continuedBy(run, structBytes)) {
            runs.set(runs.size() - 1, new Run(last.frame, last.frames + run.frames, last.address, last.physical));
        } else if (runs.size() < MAX_RUNS) {
            runs.add(run);
        } else {
            throw new Doubt("its kernel's page structs are scattered over its memory");
        }
    }

    int structBytes() {
        return structBytes;
    }

    /** In the order of the pages. */
    List<Run> runs() {
        return runs;
    }

    /** Whether an address is that of a field of a struct. */
    boolean holds(long address, int member) {
        long struct = address - member;
        Map.Entry<Long, Run> below = byAddress.floorEntry(struct);
        if (below == null) {
            return false;
        }
        long distance = struct - below.getKey();
        return distance % structBytes == 0 && distance / structBytes < below.getValue().frames;
    }
}
