// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import io.vmmig.hypervisor.GuestMemory;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;

/** The memory of a guest of a PC machine type, which an {@link InMemoryHypervisor} can both save and show while the guest runs. */
public final class RamSnapshot {
    /** Where devices and firmware are, and no RAM. */
    private static final int HOLE = 0xa0000;

    private static final int HOLE_END = 1 << 20;
    private static final int PAGE_BYTES = 4096;

    private RamSnapshot() {}

    /** Random bytes, with zeros where a PC has no RAM. */
    public static byte[] random(int bytes, long seed) {
        byte[] ram = new byte[bytes];
        new Random(seed).nextBytes(ram);
        Arrays.fill(ram, HOLE, HOLE_END, (byte) 0);
        return ram;
    }

    /** A copy in which one byte of each MiB above the hole is different. */
    public static byte[] changed(byte[] ram) {
        byte[] changed = ram.clone();
        for (int mebibyte = HOLE_END; mebibyte < ram.length; mebibyte += 1 << 20) {
            changed[mebibyte + 17] ^= 1;
        }
        return changed;
    }

    /** The migration stream, as QEMU writes it of the paused guest. */
    public static byte[] stream(byte[] ram) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(all);
        writeBegin(out, ram.length);
        for (int page = 0; page < ram.length; page += PAGE_BYTES) {
            writePage(out, page, ram, page >= HOLE && page < HOLE_END);
        }
        writeEnd(out);
        return all.toByteArray();
    }

    static void writeBegin(DataOutputStream out, int bytes) throws IOException {
        out.writeInt(0x5145564d);
        out.writeInt(3);
        out.write(1);
        out.writeInt(2);
        out.writeInt(0x0372616d);
        out.writeInt(0);
        out.writeInt(4);
        out.writeLong(bytes | 4);
        writeBlock(out);
        out.writeLong(bytes);
    }

    static void writePage(DataOutputStream out, int page, byte[] ram, boolean zero) throws IOException {
        out.writeLong(page | (zero ? 2 : 8) | (page == 0 ? 0 : 0x20));
        if (page == 0) {
            writeBlock(out);
        }
        out.write(ram, page, zero ? 1 : PAGE_BYTES);
    }

    static void writeEnd(DataOutputStream out) throws IOException {
        out.writeLong(0x10);
        out.write(new byte[] {1, 2, 3, 4, 5});
    }

    private static void writeBlock(DataOutputStream out) throws IOException {
        out.write(6);
        out.writeBytes("pc.ram");
    }

    /** The memory of the running guest, for {@link InMemoryHypervisor#showMemory}. */
    public static GuestMemory shown(byte[] ram) {
        return (address, buffer, offset, length) -> {
            if (address < ram.length) {
                System.arraycopy(ram, (int) address, buffer, offset, length);
            }
        };
    }
}
