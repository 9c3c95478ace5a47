// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.GuestMemory;
import io.vmmig.hypervisor.RamRegion;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads a guest's memory from its QEMU process, where the kernel allows that: on the same machine, usually as root. libvirt would
 * copy it through a file and a socket, at a tenth of the speed.
 *
 * <p>Only the content shows whether the right region of the right process was found, so it is compared with samples from libvirt.
 * For one thread.
 */
record QemuProcessMemory(RandomAccessFile memory, long block, List<RamRegion> ram) implements GuestMemory {
    private static final Logger LOG = LoggerFactory.getLogger(QemuProcessMemory.class);
    private static final Pattern MAPPING = Pattern.compile("([0-9a-f]{1,15})-([0-9a-f]{1,15}) rw.. .*");
    private static final int HEX = 16;
    private static final int PAGE_BYTES = 4096;
    private static final long HUGE_PAGE_BYTES = 2 << 20;
    /** In total, and at least one in each region; each costs several milliseconds. */
    private static final int EQUAL_SAMPLES = 2;
    /** A running guest may change a page between two reads. */
    private static final int OTHER_SAMPLES = 1;

    private static final int LOOKS = 256;
    /** A page with less entropy may exist in many places. */
    private static final int DISTINCT_LONGS = 64;

    /**
     * Finds the guest's RAM in a QEMU process of this machine.
     *
     * @param shown the same memory through libvirt
     * @return empty if it is not found, or not readable
     */
    static Optional<GuestMemory> find(UUID guest, List<RamRegion> ram, GuestMemory shown) {
        try {
            for (Path process : QemuProcess.of(guest)) {
                QemuProcessMemory found = in(process, ram, shown);
                if (found != null) {
                    return Optional.of(found);
                }
            }
        } catch (IOException | VmmigException e) {
            LOG.debug("the QEMU of {} was not found", guest, e);
        }
        return Optional.empty();
    }

    private static @Nullable QemuProcessMemory in(Path process, List<RamRegion> ram, GuestMemory shown)
            throws VmmigException {
        RandomAccessFile memory = null;
        QemuProcessMemory found = null;
        try {
            memory = new RandomAccessFile(process.resolve("mem").toFile(), "r");
            for (long block : blocks(process, ram)) {
                QemuProcessMemory candidate = new QemuProcessMemory(memory, block, ram);
                if (candidate.agreesWith(shown)) {
                    found = candidate;
                    break;
                }
            }
            return found;
        } catch (IOException e) {
            LOG.debug("{} cannot be read by this user", process, e);
            return null;
        } finally {
            if (memory != null && found == null) {
                closeQuietly(memory);
            }
        }
    }

    /** Possible offsets of the block: Linux merges adjacent mappings. */
    private static List<Long> blocks(Path process, List<RamRegion> ram) throws IOException {
        long bytes = ram.stream()
                .mapToLong(region -> region.blockOffset() + region.bytes())
                .max()
                .orElseThrow();
        List<Long> blocks = new ArrayList<>();
        for (String line : Files.readAllLines(process.resolve("maps"), StandardCharsets.ISO_8859_1)) {
            Matcher mapping = MAPPING.matcher(line);
            if (mapping.matches()) {
                long start = Long.parseLong(mapping.group(1), HEX);
                long last = Long.parseLong(mapping.group(2), HEX) - bytes;
                long aligned = start + HUGE_PAGE_BYTES - 1 & -HUGE_PAGE_BYTES;
                for (long block : new TreeSet<>(List.of(start, aligned, last))) {
                    if (block >= start && block <= last) {
                        blocks.add(block);
                    }
                }
            }
        }
        return blocks;
    }

    private boolean agreesWith(GuestMemory shown) throws VmmigException {
        byte[] here = new byte[PAGE_BYTES];
        byte[] there = new byte[PAGE_BYTES];
        int samples = 0;
        int equal = 0;
        for (int i = 0; i < ram.size(); i++) {
            RamRegion region = ram.get(i);
            long step = Math.max(PAGE_BYTES, region.bytes() / LOOKS & -PAGE_BYTES);
            int wanted = i < ram.size() - 1 ? 1 : Math.max(1, EQUAL_SAMPLES - equal);
            for (long at = region.start(); at < region.end() && wanted > 0; at += step) {
                if (!canRead(at, here)) {
                    return false;
                }
                if (isDistinctive(here)) {
                    shown.read(at, there, 0, PAGE_BYTES);
                    boolean same = Arrays.equals(here, there);
                    equal += same ? 1 : 0;
                    wanted -= same ? 1 : 0;
                    samples++;
                    if (samples - equal > OTHER_SAMPLES) {
                        return false;
                    }
                }
            }
        }
        return equal >= EQUAL_SAMPLES;
    }

    private boolean canRead(long address, byte[] page) {
        try {
            read(address, page, 0, PAGE_BYTES);
            return true;
        } catch (VmmigException e) {
            LOG.debug("not the guest's memory", e);
            return false;
        }
    }

    private static boolean isDistinctive(byte[] page) {
        java.nio.LongBuffer longs = java.nio.ByteBuffer.wrap(page).asLongBuffer();
        long[] values = new long[longs.remaining()];
        longs.get(values);
        return Arrays.stream(values).distinct().limit(DISTINCT_LONGS).count() == DISTINCT_LONGS;
    }

    @Override
    public void read(long address, byte[] buffer, int offset, int length) throws VmmigException {
        RamRegion region = ram.stream()
                .filter(r -> r.holds(address, length))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no RAM at " + Long.toHexString(address)));
        try {
            memory.seek(block + region.blockOffset() + address - region.start());
            memory.readFully(buffer, offset, length);
        } catch (IOException e) {
            throw new HypervisorException(
                    Problem.HYPERVISOR_FAILED, "the memory of the guest's QEMU could not be read", "", e);
        }
    }

    @Override
    public void close() {
        closeQuietly(memory);
    }

    private static void closeQuietly(RandomAccessFile file) {
        try {
            file.close();
        } catch (IOException e) {
            LOG.debug("a process's memory could not be closed", e);
        }
    }
}
