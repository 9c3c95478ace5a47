// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.binding;

import com.sun.jna.Memory;
import java.util.OptionalLong;

/**
 * The memory statistics of a domain (virDomainMemoryStats). All but the size come from its balloon driver, at the configured
 * interval.
 *
 * @param sizeBytes its memory without the balloon
 * @param unusedBytes memory that is unused, even for caches
 * @param updated when the driver reported, in seconds since 1970; 0 for never
 */
public record MemoryStatistics(OptionalLong sizeBytes, OptionalLong unusedBytes, long updated) {
    /** More than there are kinds. */
    static final int MAX_ENTRIES = 32;
    /** An int, its padding and a long. */
    static final int ENTRY_BYTES = 16;

    private static final int UNUSED = 4;
    private static final int ACTUAL_BALLOON = 6;
    private static final int LAST_UPDATE = 9;

    static MemoryStatistics of(Memory entries, int count) {
        OptionalLong size = OptionalLong.empty();
        OptionalLong unused = OptionalLong.empty();
        long updated = 0;
        for (int i = 0; i < count; i++) {
            long value = entries.getLong((long) i * ENTRY_BYTES + Long.BYTES);
            switch (entries.getInt((long) i * ENTRY_BYTES)) {
                case ACTUAL_BALLOON -> size = OptionalLong.of(value << 10);
                case UNUSED -> unused = OptionalLong.of(value << 10);
                case LAST_UPDATE -> updated = value;
                default -> {
                    // There are a dozen kinds.
                }
            }
        }
        return new MemoryStatistics(size, unused, updated);
    }
}
