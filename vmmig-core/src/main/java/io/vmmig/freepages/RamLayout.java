// SPDX-License-Identifier: Apache-2.0
package io.vmmig.freepages;

import io.vmmig.domain.DomainXml;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.RamRegion;
import java.util.List;
import java.util.Set;

/**
 * The layout of a guest's RAM: its physical addresses, and its offsets in QEMU's RAM block. See {@code hw/i386/pc_q35.c}, {@code
 * hw/i386/pc_piix.c} and {@code hw/arm/virt.c} of QEMU.
 *
 * @param regions the pieces, by ascending address
 * @param blocks the possible names of QEMU's RAM block
 * @param bytes the block's size
 * @param split whether there is RAM both below and above a hole whose position depends on the machine
 */
record RamLayout(List<RamRegion> regions, Set<String> blocks, long bytes, boolean split) {
    static final int PAGE_SHIFT = 12;
    static final int PAGE_BYTES = 1 << PAGE_SHIFT;

    private static final long MIB = 1L << 20;
    private static final long GIB = 1L << 30;
    /** Beyond this, machines for some processors of AMD place RAM elsewhere. */
    private static final long MAX_BYTES = 512 * GIB;
    /** From here to 1 MiB there are devices and firmware on a PC. */
    private static final long PC_HOLE = 0xa0000;

    static RamLayout of(DomainXml domain) throws Doubt {
        try {
            if (domain.unusualMemory().isPresent()) {
                throw new Doubt("the domain has " + domain.unusualMemory().get());
            }
            return of(domain.architecture(), domain.machine(), domain.memoryBytes());
        } catch (VmmigException e) {
            throw new Doubt("the domain XML cannot be read: " + e.failure().what(), e);
        }
    }

    static RamLayout of(String architecture, String machine, long bytes) throws Doubt {
        if (bytes < 16 * MIB || bytes > MAX_BYTES || bytes % MIB != 0) {
            throw new Doubt("a guest of " + bytes + " bytes has an untested size");
        }
        if (architecture.equals("x86_64") && isOf(machine, "q35", "pc-q35-")) {
            return pc(bytes, bytes >= 0xb0000000L ? 0x80000000L : 0xb0000000L);
        }
        if (architecture.equals("x86_64") && isOf(machine, "pc", "pc-i440fx-")) {
            return pc(bytes, bytes >= 0xe0000000L ? 0xc0000000L : 0xe0000000L);
        }
        if (architecture.equals("aarch64") && isOf(machine, "virt", "virt-")) {
            return new RamLayout(
                    List.of(new RamRegion(GIB, bytes, 0)),
                    Set.of("mach-virt.ram", "/objects/mach-virt.ram"),
                    bytes,
                    false);
        }
        throw new Doubt("vmmig does not know where a " + architecture + " machine of type " + machine + " has its RAM");
    }

    private static boolean isOf(String machine, String alias, String prefix) {
        return machine.equals(alias) || machine.startsWith(prefix);
    }

    private static RamLayout pc(long bytes, long low) {
        Set<String> blocks = Set.of("pc.ram", "/objects/pc.ram");
        RamRegion base = new RamRegion(0, PC_HOLE, 0);
        if (bytes <= low) {
            return new RamLayout(List.of(base, new RamRegion(MIB, bytes - MIB, MIB)), blocks, bytes, false);
        }
        return new RamLayout(
                List.of(base, new RamRegion(MIB, low - MIB, MIB), new RamRegion(4 * GIB, bytes - low, low)),
                blocks,
                bytes,
                true);
    }

    /** Whether a range of guest-physical memory is contiguous RAM. */
    boolean holds(long address, long length) {
        for (RamRegion region : regions) {
            if (region.holds(address, length)) {
                return true;
            }
        }
        return false;
    }

    /** Where RAM ends. */
    long end() {
        return regions.get(regions.size() - 1).end();
    }
}
