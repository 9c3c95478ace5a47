// SPDX-License-Identifier: Apache-2.0
package io.vmmig.freepages;

import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.GuestMemory;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Reads a guest's RAM within its bounds and within a time limit. Caches small reads, so use one object for one state of the
 * guest.
 */
final class GuestRam {
    static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    /** A read has a fixed cost, and reads are usually close together. */
    private static final int GRANULE = 64 << 10;

    private static final int MAX_GRANULES = 128;

    private final GuestMemory memory;
    private final RamLayout layout;
    private final long end;
    private final Map<Long, byte[]> granules = new LinkedHashMap<>(2 * MAX_GRANULES, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, byte[]> eldest) {
            return size() > MAX_GRANULES;
        }
    };

    GuestRam(GuestMemory memory, RamLayout layout, Duration time) {
        this.memory = memory;
        this.layout = layout;
        end = System.nanoTime() + time.toNanos();
    }

    RamLayout layout() {
        return layout;
    }

    boolean holds(long address, long length) {
        return layout.holds(address, length);
    }

    boolean timeIsUp() {
        return System.nanoTime() - end > 0;
    }

    /**
     * Fails once the time is up, or the search is interrupted. Call it in every loop whose length the guest's memory determines.
     */
    void requireTime() throws Doubt {
        if (Thread.currentThread().isInterrupted()) {
            throw new Doubt("the search was interrupted");
        }
        if (timeIsUp()) {
            throw new Doubt("reading its memory took too long");
        }
    }

    /** Reads a large piece, without caching. */
    void read(long address, byte[] target, int offset, int length) throws Doubt {
        if (!layout.holds(address, length)) {
            throw new Doubt("its kernel's data leads out of its RAM");
        }
        requireTime();
        try {
            memory.read(address, target, offset, length);
        } catch (VmmigException e) {
            throw new Doubt("its memory could not be read: " + e.failure().what(), e);
        }
    }

    /** Reads a small piece into a new array. */
    byte[] read(long address, int length) throws Doubt {
        byte[] bytes = new byte[length];
        for (int done = 0; done < length; ) {
            long at = address + done;
            int offset = (int) (at & GRANULE - 1);
            int n = Math.min(length - done, GRANULE - offset);
            System.arraycopy(granule(at, n), offset, bytes, done, n);
            done += n;
        }
        return bytes;
    }

    /** The number at an address, which must be a multiple of eight. */
    long number(long address) throws Doubt {
        if (address % Long.BYTES != 0) {
            throw new Doubt("its kernel's data has a misaligned pointer");
        }
        return (long) LONG.get(granule(address, Long.BYTES), (int) (address & GRANULE - 1));
    }

    private byte[] granule(long address, int length) throws Doubt {
        requireTime();
        if (!layout.holds(address, length)) {
            throw new Doubt("its kernel's data leads out of its RAM");
        }
        long start = address & -GRANULE;
        byte[] known = granules.get(start);
        if (known != null) {
            return known;
        }
        byte[] granule = new byte[GRANULE];
        read(start, granule, 0, GRANULE);
        granules.put(start, granule);
        return granule;
    }
}
