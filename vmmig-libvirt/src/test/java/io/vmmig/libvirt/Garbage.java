// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.freepages.FreePages;
import io.vmmig.qemu.RamScanner;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.Random;

/** Overwrites what is free in a migration stream, be it zero or not. */
final class Garbage implements RamScanner.Visitor {
    private static final int FLAGS_BYTE = Long.BYTES - 1;

    private final FreePages pages;
    private final int oneIn;
    private final byte[] noise = new byte[1 << 20];
    private final Random random;
    private final byte[] buffer = new byte[1 << 20];
    private OutputStream out = OutputStream.nullOutputStream();
    private long free;

    /** All of the free pages, or one in {@code oneIn} of them. */
    Garbage(FreePages pages, int oneIn, Random random) {
        this.pages = pages;
        this.oneIn = oneIn;
        this.random = random;
        random.nextBytes(noise);
    }

    /** Returns how many pages it has found free. */
    long copy(InputStream stream, OutputStream target) throws IOException {
        out = target;
        RamScanner scanner = new RamScanner();
        int filled = 0;
        boolean last = false;
        while (!last) {
            int n = stream.read(buffer, filled, buffer.length - filled);
            last = n < 0;
            filled += Math.max(n, 0);
            int told = scanner.scan(buffer, 0, filled, last, this);
            System.arraycopy(buffer, told, buffer, 0, filled - told);
            filled -= told;
        }
        return free;
    }

    @Override
    public void opaque(int offset, int length) {
        write(buffer, offset, length);
    }

    @Override
    public void page(int offset, int headerBytes, String block, long address) {
        if (isNext(block, address)) {
            overwrite(offset, headerBytes);
        } else {
            write(buffer, offset, headerBytes + RamScanner.PAGE_BYTES);
        }
    }

    @Override
    public void filled(int offset, int headerBytes, String block, long address) {
        if (isNext(block, address)) {
            buffer[offset + FLAGS_BYTE] ^= RamScanner.ZERO ^ RamScanner.PAGE;
            overwrite(offset, headerBytes);
        } else {
            write(buffer, offset, headerBytes + 1);
        }
    }

    private boolean isNext(String block, long address) {
        return pages.isFree(block, address) && free++ % oneIn == 0;
    }

    private void overwrite(int offset, int headerBytes) {
        write(buffer, offset, headerBytes);
        write(noise, random.nextInt(noise.length - RamScanner.PAGE_BYTES), RamScanner.PAGE_BYTES);
    }

    private void write(byte[] bytes, int offset, int length) {
        try {
            out.write(bytes, offset, length);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
