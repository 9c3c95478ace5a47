// SPDX-License-Identifier: Apache-2.0
package io.vmmig.freepages;

/** A kernel's page tables, for its half of the address space, with 4 KiB pages. */
final class PageTables {
    private static final int INDEX_BITS = 9;
    private static final int INDEX_MASK = (1 << INDEX_BITS) - 1;

    /** The format of entries on an architecture. */
    enum Format {
        /** AMD64 Architecture Programmer's Manual, volume 2, chapter 5. */
        X86_64(0x000f_ffff_ffff_f000L) {
            @Override
            boolean isLeaf(long entry, int shift) {
                return shift == RamLayout.PAGE_SHIFT || shift <= LARGEST_LEAF && (entry & 1 << 7) != 0;
            }

            @Override
            boolean isWritable(long entry, boolean leaf) {
                return (entry & 2) != 0;
            }
        },
        /** Arm Architecture Reference Manual for A-profile, D8.3. */
        AARCH64(0x0000_ffff_ffff_f000L) {
            @Override
            boolean isLeaf(long entry, int shift) {
                return shift == RamLayout.PAGE_SHIFT || shift <= LARGEST_LEAF && (entry & 2) == 0;
            }

            @Override
            boolean isWritable(long entry, boolean leaf) {
                return !leaf || (entry & 1 << 7) == 0;
            }
        };

        private static final int LARGEST_LEAF = 30;

        private final long addressMask;

        Format(long addressMask) {
            this.addressMask = addressMask;
        }

        abstract boolean isLeaf(long entry, int shift);

        abstract boolean isWritable(long entry, boolean leaf);
    }

    /**
     * The mapping of an address.
     *
     * @param present whether the address is mapped
     * @param physical the physical address, if mapped
     * @param bytes how many bytes from that address on are mapped, or not mapped, by the same entry
     * @param writable whether the kernel can write to it
     */
    record Mapping(boolean present, long physical, long bytes, boolean writable) {}

    private final GuestRam ram;
    private final Format format;
    private final long root;
    private final int levels;

    /**
     * @param root the physical address of the uppermost table
     * @param levels how many levels of tables there are, 3 to 5
     */
    PageTables(GuestRam ram, Format format, long root, int levels) {
        this.ram = ram;
        this.format = format;
        this.root = root;
        this.levels = levels;
    }

    /** The same tables at another time. */
    PageTables at(GuestRam other) {
        return new PageTables(other, format, root, levels);
    }

    int levels() {
        return levels;
    }

    GuestRam ram() {
        return ram;
    }

    /** Whether an address is in the kernel's half. */
    boolean isKernelAddress(long address) {
        int bits = RamLayout.PAGE_SHIFT + levels * INDEX_BITS - (format == Format.X86_64 ? 1 : 0);
        return address >> bits == -1;
    }

    Mapping lookUp(long address) throws Doubt {
        if (!isKernelAddress(address)) {
            throw new Doubt("its kernel's data has an invalid pointer");
        }
        long table = root;
        boolean writable = true;
        for (int level = levels - 1; ; level--) {
            int shift = RamLayout.PAGE_SHIFT + level * INDEX_BITS;
            long entry = ram.number(table + (address >>> shift & INDEX_MASK) * Long.BYTES);
            long size = 1L << shift;
            long within = address & size - 1;
            if ((entry & 1) == 0) {
                return new Mapping(false, 0, size - within, false);
            }
            boolean leaf = format.isLeaf(entry, shift);
            writable &= format.isWritable(entry, leaf);
            long target = entry & format.addressMask;
            if (leaf) {
                return new Mapping(true, (target & -size) + within, size - within, writable);
            }
            table = target;
        }
    }

    /** The physical address, which must be mapped. */
    long physical(long address) throws Doubt {
        return present(address).physical();
    }

    Mapping present(long address) throws Doubt {
        Mapping mapping = lookUp(address);
        if (!mapping.present()) {
            throw new Doubt("its kernel's data has a pointer to unmapped memory");
        }
        return mapping;
    }

    /** The number at a kernel address. */
    long number(long address) throws Doubt {
        return ram.number(physical(address));
    }

    /** A small piece of memory at a kernel address. */
    byte[] read(long address, int length) throws Doubt {
        byte[] bytes = new byte[length];
        for (int done = 0; done < length; ) {
            Mapping mapping = present(address + done);
            int n = (int) Math.min(length - done, mapping.bytes());
            System.arraycopy(ram.read(mapping.physical(), n), 0, bytes, done, n);
            done += n;
        }
        return bytes;
    }
}
