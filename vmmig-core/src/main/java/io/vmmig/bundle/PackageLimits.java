// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/**
 * A reader's limits for packages, checked before anything is allocated. A package that exceeds one is refused with {@link
 * io.vmmig.error.Problem#PACKAGE_LIMIT_EXCEEDED}. Immutable.
 *
 * <pre>
 *   PackageLimits.DEFAULT.with(Limit.DISKS, 4).with(Limit.MEMORY_BYTES, 64L &lt;&lt; 30)
 * </pre>
 *
 * <p>The compression ratio needs no limit: each segment of at most 4 MiB takes at least 1 KiB of the package, so the ratio is at most 4096.
 *
 * @param values the limits; the constructor adds the default of each that is not named, and throws {@link IllegalArgumentException} for an
 *     invalid one, such as a negative one
 */
public record PackageLimits(Map<Limit, Long> values) {
    private static final long KIB = 1 << 10;
    private static final long MIB = 1 << 20;
    private static final long GIB = 1L << 30;
    private static final long TIB = 1L << 40;

    /** The format's maximum size of a decoded segment, in bytes. */
    public static final int MAX_SEGMENT_BYTES = 4 << 20;

    /** What is limited. */
    public enum Limit {
        /** The manifest, in bytes. */
        MANIFEST_BYTES(MIB, 1, Integer.MAX_VALUE),
        /** The domain XML, and likewise libvirt's cookie, in bytes. */
        XML_BYTES(4 * MIB, 1, Integer.MAX_VALUE),
        /** The seal at the end, in bytes. */
        SEAL_BYTES(4 * MIB, 1, Integer.MAX_VALUE),
        /** One segment, decoded, in bytes; the format itself allows {@link #MAX_SEGMENT_BYTES}. */
        SEGMENT_BYTES(MAX_SEGMENT_BYTES, 1, MAX_SEGMENT_BYTES),
        /** One segment as it is stored, in bytes. */
        STORED_SEGMENT_BYTES(MAX_SEGMENT_BYTES + 320 * KIB, 1, Integer.MAX_VALUE),
        /** Disks of one guest. */
        DISKS(64, 0, Integer.MAX_VALUE),
        /** Images of one disk in the package. */
        LAYERS(64, 0, Integer.MAX_VALUE),
        /** Tar entries of one package. */
        ENTRIES(8_000_000, 1, Long.MAX_VALUE),
        /** The kernel, decoded, in bytes. */
        KERNEL_BYTES(512 * MIB, 0, Long.MAX_VALUE),
        /** The ramdisk, decoded, in bytes. */
        RAMDISK_BYTES(4 * GIB, 0, Long.MAX_VALUE),
        /** The guest's memory as the manifest states it, in bytes. */
        MEMORY_BYTES(4 * TIB, 0, Long.MAX_VALUE),
        /** The QEMU stream, decoded, in bytes. */
        SNAPSHOT_BYTES(4 * TIB, 0, Long.MAX_VALUE),
        /** One disk as the guest sees it, in bytes. */
        VIRTUAL_DISK_BYTES(64 * TIB, 0, Long.MAX_VALUE),
        /** All images in the package together, decoded, in bytes. */
        DISK_BYTES(16 * TIB, 0, Long.MAX_VALUE);

        private final long standard;
        private final long least;
        private final long most;

        Limit(long standard, long least, long most) {
            this.standard = standard;
            this.least = least;
            this.most = most;
        }
    }

    /** Large enough for any guest of a current host. Memory use stays small for any package. */
    public static final PackageLimits DEFAULT = new PackageLimits(Map.of());

    public PackageLimits {
        Map<Limit, Long> all = new EnumMap<>(Limit.class);
        for (Limit limit : Limit.values()) {
            long value = values.getOrDefault(limit, limit.standard);
            if (value < limit.least || value > limit.most) {
                throw new IllegalArgumentException(limit + " must be from " + limit.least + " to " + limit.most);
            }
            all.put(limit, value);
        }
        values = Collections.unmodifiableMap(all);
    }

    /** These limits, with another value for one of them. */
    public PackageLimits with(Limit limit, long value) {
        Map<Limit, Long> changed = new EnumMap<>(values);
        changed.put(limit, value);
        return new PackageLimits(changed);
    }

    /** The value of a limit. */
    public long get(Limit limit) {
        return Objects.requireNonNull(values.get(limit));
    }
}
