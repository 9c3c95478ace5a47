// SPDX-License-Identifier: Apache-2.0
package io.vmmig.hypervisor;

/**
 * A piece of a guest's RAM without a hole.
 *
 * @param start where it begins in guest-physical memory, in bytes
 * @param bytes how long it is
 * @param blockOffset where it begins in the machine's block of main memory, in bytes
 */
public record RamRegion(long start, long bytes, long blockOffset) {
    /** Where it ends in guest-physical memory. */
    public long end() {
        return start + bytes;
    }

    /** Whether {@code length} bytes from {@code address} on lie in it. */
    public boolean holds(long address, long length) {
        return address >= start && length >= 0 && address <= end() - length;
    }
}
