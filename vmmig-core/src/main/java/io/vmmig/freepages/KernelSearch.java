// SPDX-License-Identifier: Apache-2.0
package io.vmmig.freepages;

import io.vmmig.hypervisor.RamRegion;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds the kernel of a running guest.
 *
 * <p>A page that looks like VMCOREINFO may also belong to a kernel from before a reboot, to a nested guest or to a cached file.
 * So only a page is accepted that a variable of the kernel points to, and whose page tables agree with it.
 */
final class KernelSearch {
    private static final String NOT_FOUND = "no Linux kernel that describes itself was found in it";

    private static final int ENTRIES = RamLayout.PAGE_BYTES / Long.BYTES;
    private static final int LAST_ENTRY = (ENTRIES - 1) * Long.BYTES;
    /** Bits of an entry that the processor changes: accessed and dirty. */
    private static final long X86_VOLATILE = 0x60;

    private static final long X86_ADDRESS = 0x000f_ffff_ffff_f000L;
    /** Where every x86_64 kernel maps its image; 1 GiB is reserved for it. */
    private static final long X86_IMAGE = 0xffff_ffff_8000_0000L;

    private static final long GIB = 1L << 30;
    private static final int MAX_ROOTS = 4;
    /** Kernels have a few thousand. */
    private static final int MAX_POINTERS = 1 << 16;

    private static final int CHUNK = 4 << 20;
    private static final long AARCH64_SPAN = 64L << 20;
    private static final long ALIGNMENT = 2L << 20;

    private final GuestRam ram;

    private KernelSearch(GuestRam ram) {
        this.ram = ram;
    }

    /**
     * The result.
     *
     * @param kernel the kernel
     * @param image its variables at that time
     */
    record Found(LinuxKernel kernel, KernelImage image) {}

    static Found run(GuestRam ram, String architecture) throws Doubt {
        KernelSearch search = new KernelSearch(ram);
        return architecture.equals("x86_64") ? search.x86() : search.aarch64();
    }

    /**
     * Below 640 KiB Linux keeps its boot data for processors, inaccessible to programs, including page tables whose last entry is
     * the kernel's own. They lead to the kernel's variables, and one of these to VMCOREINFO.
     */
    private Found x86() throws Doubt {
        byte[] low = new byte[(int) ram.layout().regions().get(0).bytes()];
        ram.read(0, low, 0, low.length);
        Set<Long> tried = new LinkedHashSet<>();
        for (int page = 0; page < low.length; page += RamLayout.PAGE_BYTES) {
            long last = (long) GuestRam.LONG.get(low, page + LAST_ENTRY) & ~X86_VOLATILE;
            boolean table = (last & 1) != 0 && ram.holds(last & X86_ADDRESS, RamLayout.PAGE_BYTES);
            if (table && lowerHalfIsPlain(low, page) && tried.add(last)) {
                Found found = x86(page, last);
                if (found != null) {
                    return found;
                }
            }
        }
        throw new Doubt(NOT_FOUND);
    }

    /** Such tables map the beginning of memory, and otherwise only the kernel. */
    private static boolean lowerHalfIsPlain(byte[] low, int page) {
        if (((long) GuestRam.LONG.get(low, page) & 1) == 0) {
            return false;
        }
        for (int i = 1; i < ENTRIES / 2; i++) {
            if ((long) GuestRam.LONG.get(low, page + i * Long.BYTES) != 0) {
                return false;
            }
        }
        return true;
    }

    private @Nullable Found x86(long startTables, long lastEntry) throws Doubt {
        for (int levels = 4; levels <= 5; levels++) {
            PageTables start = new PageTables(ram, PageTables.Format.X86_64, startTables, levels);
            if (!mapsImage(start)) {
                continue;
            }
            KernelImage image = KernelImage.read(start, X86_IMAGE, GIB);
            // Tables of processes have the same entry, and may be there as well.
            List<Long> roots = image.pagesWhere(LAST_ENTRY, entry -> (entry & ~X86_VOLATILE) == lastEntry);
            for (long root : roots.subList(0, Math.min(roots.size(), MAX_ROOTS))) {
                Found found = x86(root, roots, levels, image);
                if (found != null) {
                    return found;
                }
            }
        }
        return null;
    }

    /** Tables of one depth, read as of the other, lead anywhere. */
    private boolean mapsImage(PageTables tables) {
        try {
            for (long at = X86_IMAGE; at < X86_IMAGE + GIB; ) {
                PageTables.Mapping mapping = tables.lookUp(at);
                if (mapping.present()) {
                    return ram.holds(mapping.physical(), RamLayout.PAGE_BYTES);
                }
                at += mapping.bytes();
            }
        } catch (Doubt e) {
            return false;
        }
        return false;
    }

    private @Nullable Found x86(long anyRoot, List<Long> roots, int levels, KernelImage image) throws Doubt {
        PageTables tables = new PageTables(ram, PageTables.Format.X86_64, anyRoot, levels);
        // In Linux's source, VMCOREINFO's address, its length and the address of a copy are adjacent.
        Set<Long> likely = new LinkedHashSet<>();
        Set<Long> possible = new LinkedHashSet<>();
        Set<Long> others = new LinkedHashSet<>();
        int longs = image.longs() - 2;
        for (int i = 2; i < longs; i++) {
            if (isPage(tables, image.get(i))) {
                if (likely.size() + possible.size() + others.size() == MAX_POINTERS) {
                    throw new Doubt("its kernel has more pointers to pages than any known one");
                }
                boolean afterLength = isLength(image.get(i - 1));
                boolean beforeLength = isLength(image.get(i + 1));
                boolean copy = afterLength && isPage(tables, image.get(i - 2))
                        || beforeLength && isPage(tables, image.get(i + 2));
                (copy ? likely : afterLength || beforeLength ? possible : others).add(image.get(i));
            }
        }
        Found found = null;
        for (long pointer : likely) {
            Found another = pointedTo(pointer, tables, roots, image);
            if (found != null && another != null) {
                // Crash dumping keeps a second copy; a program could make one that differs.
                found.kernel().requireSame(another.kernel());
            }
            found = found == null ? another : found;
        }
        possible.addAll(others);
        Iterator<Long> rest = possible.iterator();
        while (found == null && rest.hasNext()) {
            found = pointedTo(rest.next(), tables, roots, image);
        }
        return found;
    }

    private @Nullable Found pointedTo(long pointer, PageTables tables, List<Long> roots, KernelImage image)
            throws Doubt {
        PageTables.Mapping mapping = tables.lookUp(pointer);
        boolean found = mapping.present()
                && ram.holds(mapping.physical(), RamLayout.PAGE_BYTES)
                && VmCoreInfo.begins(ram.read(mapping.physical(), VmCoreInfo.MAGIC.length), 0);
        return found ? described(mapping.physical(), roots, tables.levels(), image) : null;
    }

    private Found described(long page, List<Long> roots, int levels, KernelImage image) throws Doubt {
        VmCoreInfo info = new VmCoreInfo(ram.read(page, RamLayout.PAGE_BYTES));
        if (info.has("NUMBER(sme_mask)") && info.number("sme_mask") != 0) {
            throw new Doubt("its memory is encrypted");
        }
        long root = info.symbol("swapper_pg_dir") - X86_IMAGE + info.number("phys_base");
        PageTables tables = new PageTables(ram, PageTables.Format.X86_64, root, levels);
        if (!roots.contains(root) || tables.physical(info.symbol("swapper_pg_dir")) != root) {
            throw new Doubt("its kernel's page tables are not where they should be");
        }
        return new Found(new LinuxKernel(info, page, tables), image);
    }

    private static boolean isPage(PageTables tables, long pointer) {
        return (pointer & RamLayout.PAGE_BYTES - 1) == 0 && pointer < X86_IMAGE && tables.isKernelAddress(pointer);
    }

    private static boolean isLength(long value) {
        return value >= 1000 && value < RamLayout.PAGE_BYTES;
    }

    /** Here nothing is at a known address, but the kernel is usually loaded low, with VMCOREINFO soon after it. */
    private Found aarch64() throws Doubt {
        byte[] chunk = new byte[CHUNK];
        Doubt doubt = new Doubt(NOT_FOUND);
        for (RamRegion region : ram.layout().regions()) {
            for (long at = region.start(); at < region.end() && !ram.timeIsUp(); at += CHUNK) {
                int length = (int) Math.min(CHUNK, region.end() - at);
                ram.read(at, chunk, 0, length);
                for (int page = 0; page < length; page += RamLayout.PAGE_BYTES) {
                    if (VmCoreInfo.begins(chunk, page)) {
                        try {
                            return aarch64(at + page);
                        } catch (Doubt e) {
                            // It may be a leftover of an earlier kernel.
                            doubt = e;
                        }
                    }
                }
            }
        }
        throw doubt;
    }

    private Found aarch64(long page) throws Doubt {
        VmCoreInfo info = new VmCoreInfo(ram.read(page, RamLayout.PAGE_BYTES));
        long root = info.symbol("swapper_pg_dir") - info.number("kimage_voffset");
        if (root % RamLayout.PAGE_BYTES != 0) {
            throw new Doubt("its kernel's page tables are not where they should be");
        }
        PageTables tables = new PageTables(ram, PageTables.Format.AARCH64, root, levels(info));
        if (tables.physical(info.symbol("swapper_pg_dir")) != root) {
            throw new Doubt("its kernel's page tables are not where they should be");
        }
        KernelImage image = KernelImage.read(tables, info.symbol("_stext") & -ALIGNMENT, AARCH64_SPAN);
        long direct = info.symbol("mem_section") - tables.physical(info.symbol("mem_section"));
        if (!image.holds(page + direct)) {
            throw new Doubt("its kernel does not refer to its supposed description");
        }
        return new Found(new LinuxKernel(info, page, tables), image);
    }

    private static int levels(VmCoreInfo info) throws Doubt {
        if (info.pageBytes() != RamLayout.PAGE_BYTES) {
            throw new Doubt("its kernel uses pages of " + info.pageBytes() + " bytes");
        }
        long addressBits = Long.SIZE - info.number("TCR_EL1_T1SZ");
        if (addressBits == 48) {
            return 4;
        }
        if (addressBits == 39) {
            return 3;
        }
        throw new Doubt("its kernel uses addresses of " + addressBits + " bits");
    }
}
