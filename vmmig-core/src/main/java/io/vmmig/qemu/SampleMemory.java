// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qemu;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;

/** The memory of a guest that does not exist, as QEMU would write it; for warming up the codec. */
public final class SampleMemory {
    private static final int LINE_BYTES = 64;

    private SampleMemory() {}

    /** A stream of one RAM block with {@code pages} pages of all kinds, the same each time. */
    public static byte[] stream(int pages) {
        ByteBuffer stream = ByteBuffer.allocate(pages * (RamScanner.PAGE_BYTES + Long.BYTES) + 256);
        byte[] name = "pc.ram".getBytes(StandardCharsets.US_ASCII);
        stream.putInt(0x5145564d).putInt(3);
        stream.put((byte) 1).putInt(2).putInt(0x0372616d).putInt(0).putInt(4);
        stream.putLong((long) pages * RamScanner.PAGE_BYTES | 4);
        stream.put((byte) name.length).put(name).putLong((long) pages * RamScanner.PAGE_BYTES);
        stream.putLong(0x10).put((byte) 0x7e).putInt(2);
        stream.put((byte) 3).putInt(2);
        Random random = new Random(1);
        byte[] page = new byte[RamScanner.PAGE_BYTES];
        for (long i = 0; i < pages; i++) {
            int kind = random.nextInt(8);
            boolean filled = kind == 0;
            long flags = (i == 0 ? 0 : RamScanner.CONTINUE) | (filled ? RamScanner.ZERO : RamScanner.PAGE);
            stream.putLong(i * RamScanner.PAGE_BYTES | flags);
            if (i == 0) {
                stream.put((byte) name.length).put(name);
            }
            if (filled) {
                stream.put((byte) 0);
                continue;
            }
            if (kind > 1) {
                random.nextBytes(page);
            }
            if (kind > 3) {
                for (int at = 0; at < page.length; at += LINE_BYTES) {
                    System.arraycopy(page, 0, page, at + LINE_BYTES / 2, LINE_BYTES / 2);
                }
            }
            stream.put(page);
        }
        stream.putLong(0x10).put((byte) 0x7e).putInt(2).put((byte) 0);
        return Arrays.copyOf(stream.array(), stream.position());
    }
}
