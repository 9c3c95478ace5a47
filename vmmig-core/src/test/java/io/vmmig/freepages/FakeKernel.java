// SPDX-License-Identifier: Apache-2.0
package io.vmmig.freepages;

import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.GuestMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The memory of a guest of 32 MiB, with as much of a Linux kernel in it as tells what is free. */
final class FakeKernel implements GuestMemory {
    static final int BYTES = 32 << 20;
    static final int ORDERS = 11;
    static final int LISTS = 5;

    static final long IMAGE_VIRTUAL = 0xffff_ffff_8100_0000L;
    static final int IMAGE = 0x400000;
    static final int SWAPPER = IMAGE + 0x10000;
    static final int IMAGE_UPPER = IMAGE + 0x11000;
    static final int IMAGE_TABLE = IMAGE + 0x12000;
    static final int VARIABLES = IMAGE + 0x20000;
    static final int JIFFIES = IMAGE + 0x21000;

    static final long DIRECT = 0xffff_8880_0000_0000L;
    static final int START_TABLES = 0x9c000;
    static final int DIRECT_UPPER = 0x704000;
    static final int DIRECT_TABLE = 0x705000;
    static final int MEMMAP_UPPER = 0x706000;
    static final int MEMMAP_TABLE = 0x707000;

    static final int INFO = 0x700000;
    static final int SECTION_ROOTS = 0x701000;
    static final int SECTIONS = 0x702000;
    static final int ZONE = 0x703000;
    static final int AREAS = ZONE + 256;
    static final int AREA_BYTES = LISTS * 16 + 8;

    static final long MEMMAP_VIRTUAL = 0xffff_ea00_0000_0000L;
    static final int MEMMAP = 0x1000000;
    static final int STRUCT = 64;
    static final int LRU = 8;
    static final int PRIVATE = 40;
    static final int MAPCOUNT = 48;
    static final int REFCOUNT = 52;
    static final int BUDDY = -129;

    private static final int DIRECT_PGD = 273;
    private static final int MEMMAP_PGD = 468;
    private static final int IMAGE_PGD = 511;

    private static final long GIB = 1L << 30;
    static final long AARCH64_IMAGE_VIRTUAL = 0xffff_8000_0800_0000L;
    private static final long AARCH64_DIRECT = 0xffff_0000_0000_0000L;
    private static final long AARCH64_MEMMAP_VIRTUAL = 0xffff_fc00_0000_0000L;
    private static final int SECTION_SHIFT = 27;

    private final boolean aarch64;
    /** Where RAM begins. */
    private final long base;

    private final long direct;
    private final long memmap;

    final Map<String, String> info = new LinkedHashMap<>();
    private final ByteBuffer ram = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private final List<List<Long>> lists = new ArrayList<>();
    private boolean ticking = true;
    private Before before = () -> {};

    FakeKernel() {
        this(false);
    }

    private FakeKernel(boolean aarch64) {
        this.aarch64 = aarch64;
        base = aarch64 ? GIB : 0;
        direct = aarch64 ? AARCH64_DIRECT : DIRECT;
        memmap = aarch64 ? AARCH64_MEMMAP_VIRTUAL : MEMMAP_VIRTUAL;
        if (aarch64) {
            aarch64Tables();
        } else {
            x86Tables();
        }
        describe();
        for (int frame = 0; frame < BYTES >> 12; frame++) {
            setInt(struct(frame) + MAPCOUNT, -1);
            setInt(struct(frame) + REFCOUNT, 1);
        }
        for (int i = 0; i < ORDERS * LISTS; i++) {
            lists.add(new ArrayList<>());
        }
        setLong(SECTION_ROOTS, direct + SECTIONS);
        setLong(SECTIONS + (int) (base >> SECTION_SHIFT) * 16, memmap - (base >> 12) * STRUCT | 0xf);
        setLong(VARIABLES, direct + INFO + 0x8000);
        setLong(VARIABLES + 8, 3000);
        setLong(VARIABLES + 16, direct + INFO);
        setLong(JIFFIES, 0xfffe_db08L + 100_000);
        link();
    }

    /** One with free blocks of several sizes, in several lists. */
    static FakeKernel withFreeBlocks() {
        return new FakeKernel().withBlocks();
    }

    /** The same on aarch64, where RAM begins at 1 GiB. */
    static FakeKernel aarch64WithFreeBlocks() {
        return new FakeKernel(true).withBlocks();
    }

    private FakeKernel withBlocks() {
        FakeKernel kernel = this;
        kernel.free(16, 4, 1);
        kernel.free(0x1800, 10, 1);
        kernel.free(0x1c00, 9, 0);
        kernel.free(0x1e40, 0, 0);
        kernel.free(0x1e42, 0, 0);
        kernel.free(0x1e44, 1, 2);
        kernel.free(0x1e48, 0, 0);
        kernel.link();
        return kernel;
    }

    private void x86Tables() {
        long table = 0x63;
        long large = 0xe3;
        setLong(START_TABLES, 0x7004063);
        setLong(START_TABLES + IMAGE_PGD * 8, IMAGE_UPPER | table);
        setLong(SWAPPER + IMAGE_PGD * 8, IMAGE_UPPER | table);
        setLong(IMAGE_UPPER + 510 * 8, IMAGE_TABLE | table);
        setLong(IMAGE_UPPER + 511 * 8, IMAGE_TABLE + 0x1000 | table);
        setLong(IMAGE_TABLE + 8 * 8, IMAGE | large);
        linearTables(DIRECT_PGD, MEMMAP_PGD, table, large);
    }

    private void aarch64Tables() {
        long table = 3;
        long large = 0x701;
        setLong(SWAPPER + 256 * 8, base + IMAGE_UPPER | table);
        setLong(IMAGE_UPPER, base + IMAGE_TABLE | table);
        setLong(IMAGE_TABLE + 64 * 8, base + IMAGE | large);
        linearTables(0, 504, table, large);
    }

    /** Those of all memory, and of the struct pages. */
    private void linearTables(int directIndex, int memmapIndex, long table, long large) {
        setLong(SWAPPER + directIndex * 8, base + DIRECT_UPPER | table);
        setLong(DIRECT_UPPER, base + DIRECT_TABLE | table);
        for (int i = 0; i < BYTES >> 21; i++) {
            setLong(DIRECT_TABLE + i * 8, base + ((long) i << 21) | large);
        }
        setLong(SWAPPER + memmapIndex * 8, base + MEMMAP_UPPER | table);
        setLong(MEMMAP_UPPER, base + MEMMAP_TABLE | table);
        setLong(MEMMAP_TABLE, base + MEMMAP | large);
    }

    RamLayout layout() throws Doubt {
        return aarch64 ? RamLayout.of("aarch64", "virt-7.2", BYTES) : RamLayout.of("x86_64", "pc-q35-7.2", BYTES);
    }

    String architecture() {
        return aarch64 ? "aarch64" : "x86_64";
    }

    private void describe() {
        info.put("OSRELEASE", "6.1.0-fake");
        info.put("PAGESIZE", "4096");
        if (aarch64) {
            info.put("SYMBOL(swapper_pg_dir)", Long.toHexString(AARCH64_IMAGE_VIRTUAL + SWAPPER - IMAGE));
            info.put("SYMBOL(_stext)", Long.toHexString(AARCH64_IMAGE_VIRTUAL + 0x10000));
            info.put("NUMBER(kimage_voffset)", "0x" + Long.toHexString(AARCH64_IMAGE_VIRTUAL - IMAGE - base));
            info.put("NUMBER(TCR_EL1_T1SZ)", "0x10");
        } else {
            info.put("SYMBOL(swapper_pg_dir)", Long.toHexString(IMAGE_VIRTUAL + SWAPPER - IMAGE));
            info.put("NUMBER(phys_base)", Long.toString(IMAGE - 0x1000000));
            info.put("NUMBER(sme_mask)", "0");
        }
        info.put("SYMBOL(mem_section)", Long.toHexString(direct + SECTION_ROOTS));
        info.put("LENGTH(mem_section)", "2048");
        info.put("SIZE(mem_section)", "16");
        info.put("OFFSET(mem_section.section_mem_map)", "0");
        info.put("NUMBER(SECTION_SIZE_BITS)", Integer.toString(SECTION_SHIFT));
        info.put("NUMBER(MAX_PHYSMEM_BITS)", "46");
        info.put("SIZE(page)", "64");
        info.put("SIZE(zone)", "1536");
        info.put("SIZE(free_area)", "88");
        info.put("SIZE(list_head)", "16");
        info.put("OFFSET(page._refcount)", "52");
        info.put("OFFSET(page._mapcount)", "48");
        info.put("OFFSET(page.lru)", "8");
        info.put("OFFSET(page.private)", "40");
        info.put("OFFSET(zone.free_area)", "256");
        info.put("OFFSET(free_area.free_list)", "0");
        info.put("OFFSET(list_head.next)", "0");
        info.put("OFFSET(list_head.prev)", "8");
        info.put("LENGTH(zone.free_area)", "11");
        info.put("LENGTH(free_area.free_list)", "5");
        info.put("NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)", "-129");
        writeInfo();
    }

    void writeInfo() {
        writeInfo(INFO);
    }

    /** Writes a page that describes a kernel; {@link #INFO} is the one that the kernel knows of. */
    void writeInfo(int at) {
        StringBuilder text = new StringBuilder();
        info.forEach(
                (field, value) -> text.append(field).append('=').append(value).append('\n'));
        byte[] bytes = text.toString().getBytes(StandardCharsets.US_ASCII);
        ram.put(at, new byte[4096]);
        ram.put(at, bytes);
    }

    /** Marks a block as free and puts it into a list; {@link #link()} writes the lists. */
    void free(int frame, int order, int list) {
        setInt(struct(frame) + MAPCOUNT, BUDDY);
        setInt(struct(frame) + REFCOUNT, 0);
        setLong(struct(frame) + PRIVATE, order);
        lists.get(order * LISTS + list).add(memmap + (long) frame * STRUCT + LRU);
    }

    void link() {
        for (int order = 0; order < ORDERS; order++) {
            long blocks = 0;
            for (int list = 0; list < LISTS; list++) {
                int head = head(order, list);
                List<Long> ring = new ArrayList<>(lists.get(order * LISTS + list));
                blocks += ring.size();
                ring.add(direct + head);
                for (int i = 0; i < ring.size(); i++) {
                    int at = physical(ring.get(i));
                    setLong(at, ring.get((i + 1) % ring.size()));
                    setLong(at + 8, ring.get((i + ring.size() - 1) % ring.size()));
                }
            }
            setLong(count(order), blocks);
        }
    }

    private int physical(long address) {
        return (int) (address >= memmap ? address - memmap + MEMMAP : address - direct);
    }

    static int struct(int frame) {
        return MEMMAP + frame * STRUCT;
    }

    static int head(int order, int list) {
        return AREAS + order * AREA_BYTES + list * 16;
    }

    static int count(int order) {
        return AREAS + order * AREA_BYTES + LISTS * 16;
    }

    long getLong(int at) {
        return ram.getLong(at);
    }

    void setLong(int at, long value) {
        ram.putLong(at, value);
    }

    void setInt(int at, int value) {
        ram.putInt(at, value);
    }

    void flip(int at, int bit) {
        ram.put(at, (byte) (ram.get(at) ^ 1 << bit));
    }

    byte get(int at) {
        return ram.get(at);
    }

    void stop() {
        ticking = false;
    }

    /** What comes before each read. */
    interface Before {
        void read() throws VmmigException;
    }

    void before(Before read) {
        before = read;
    }

    @Override
    public void read(long address, byte[] buffer, int offset, int length) throws VmmigException {
        before.read();
        if (ticking) {
            setLong(JIFFIES, getLong(JIFFIES) + 1);
        }
        ram.get((int) (address - base), buffer, offset, length);
    }
}
