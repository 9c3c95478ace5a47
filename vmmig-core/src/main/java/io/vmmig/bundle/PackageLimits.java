// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A reader's limits for packages, checked before anything is allocated. A package that exceeds one is refused with {@link
 * io.vmmig.error.Problem#PACKAGE_LIMIT_EXCEEDED}. Immutable; each {@code with} method returns a changed copy, and throws {@link
 * IllegalArgumentException} for an invalid limit, such as a negative one.
 *
 * <pre>
 *   PackageLimits.DEFAULT.withDisks(4).withMemoryBytes(64L &lt;&lt; 30)
 * </pre>
 *
 * <p>The compression ratio needs no limit: each segment of at most 4 MiB takes at least 1 KiB of the package, so the ratio is at most 4096.
 */
public final class PackageLimits {
    private static final long KIB = 1 << 10;
    private static final long MIB = 1 << 20;
    private static final long GIB = 1L << 30;
    private static final long TIB = 1L << 40;

    /** The format's maximum size of a decoded segment, in bytes. */
    public static final int MAX_SEGMENT_BYTES = 4 << 20;

    private enum Limit {
        MANIFEST_BYTES(MIB, 1, Integer.MAX_VALUE),
        XML_BYTES(4 * MIB, 1, Integer.MAX_VALUE),
        SEAL_BYTES(4 * MIB, 1, Integer.MAX_VALUE),
        SEGMENT_BYTES(MAX_SEGMENT_BYTES, 1, MAX_SEGMENT_BYTES),
        STORED_SEGMENT_BYTES(MAX_SEGMENT_BYTES + 320 * KIB, 1, Integer.MAX_VALUE),
        DISKS(64, 0, Integer.MAX_VALUE),
        LAYERS(64, 0, Integer.MAX_VALUE),
        ENTRIES(8_000_000, 1, Long.MAX_VALUE),
        KERNEL_BYTES(512 * MIB, 0, Long.MAX_VALUE),
        RAMDISK_BYTES(4 * GIB, 0, Long.MAX_VALUE),
        MEMORY_BYTES(4 * TIB, 0, Long.MAX_VALUE),
        SNAPSHOT_BYTES(4 * TIB, 0, Long.MAX_VALUE),
        VIRTUAL_DISK_BYTES(64 * TIB, 0, Long.MAX_VALUE),
        DISK_BYTES(16 * TIB, 0, Long.MAX_VALUE);

        final long standard;
        final long least;
        final long most;

        Limit(long standard, long least, long most) {
            this.standard = standard;
            this.least = least;
            this.most = most;
        }
    }

    /** Large enough for any guest of a current host. Memory use stays small for any package. */
    public static final PackageLimits DEFAULT = new PackageLimits(Arrays.stream(Limit.values())
            .collect(Collectors.toMap(
                    limit -> limit, limit -> limit.standard, (a, b) -> a, () -> new EnumMap<>(Limit.class))));

    private final Map<Limit, Long> values;

    private PackageLimits(Map<Limit, Long> values) {
        this.values = values;
    }

    private PackageLimits with(Limit limit, long value) {
        if (value < limit.least || value > limit.most) {
            throw new IllegalArgumentException(limit + " must be from " + limit.least + " to " + limit.most);
        }
        Map<Limit, Long> more = new EnumMap<>(values);
        more.put(limit, value);
        return new PackageLimits(more);
    }

    private long value(Limit limit) {
        return Objects.requireNonNull(values.get(limit));
    }

    /** The limit for the manifest, in bytes. */
    public int manifestBytes() {
        return (int) value(Limit.MANIFEST_BYTES);
    }

    /** These limits, with another {@link #manifestBytes()}. */
    public PackageLimits withManifestBytes(int manifestBytes) {
        return with(Limit.MANIFEST_BYTES, manifestBytes);
    }

    /** The limit for the domain XML, and likewise libvirt's cookie, in bytes. */
    public int xmlBytes() {
        return (int) value(Limit.XML_BYTES);
    }

    /** These limits, with another {@link #xmlBytes()}. */
    public PackageLimits withXmlBytes(int xmlBytes) {
        return with(Limit.XML_BYTES, xmlBytes);
    }

    /** The limit for the seal at the end, in bytes. */
    public int sealBytes() {
        return (int) value(Limit.SEAL_BYTES);
    }

    /** These limits, with another {@link #sealBytes()}. */
    public PackageLimits withSealBytes(int sealBytes) {
        return with(Limit.SEAL_BYTES, sealBytes);
    }

    /** The limit for one segment, decoded, in bytes; the format itself allows {@link #MAX_SEGMENT_BYTES}. */
    public int segmentBytes() {
        return (int) value(Limit.SEGMENT_BYTES);
    }

    /** These limits, with another {@link #segmentBytes()}. */
    public PackageLimits withSegmentBytes(int segmentBytes) {
        return with(Limit.SEGMENT_BYTES, segmentBytes);
    }

    /** The limit for one segment as it is stored, in bytes. */
    public int storedSegmentBytes() {
        return (int) value(Limit.STORED_SEGMENT_BYTES);
    }

    /** These limits, with another {@link #storedSegmentBytes()}. */
    public PackageLimits withStoredSegmentBytes(int storedSegmentBytes) {
        return with(Limit.STORED_SEGMENT_BYTES, storedSegmentBytes);
    }

    /** The limit for disks of one guest. */
    public int disks() {
        return (int) value(Limit.DISKS);
    }

    /** These limits, with another {@link #disks()}. */
    public PackageLimits withDisks(int disks) {
        return with(Limit.DISKS, disks);
    }

    /** The limit for images of one disk in the package. */
    public int layers() {
        return (int) value(Limit.LAYERS);
    }

    /** These limits, with another {@link #layers()}. */
    public PackageLimits withLayers(int layers) {
        return with(Limit.LAYERS, layers);
    }

    /** The limit for tar entries of one package. */
    public long entries() {
        return value(Limit.ENTRIES);
    }

    /** These limits, with another {@link #entries()}. */
    public PackageLimits withEntries(long entries) {
        return with(Limit.ENTRIES, entries);
    }

    /** The limit for the kernel, decoded, in bytes. */
    public long kernelBytes() {
        return value(Limit.KERNEL_BYTES);
    }

    /** These limits, with another {@link #kernelBytes()}. */
    public PackageLimits withKernelBytes(long kernelBytes) {
        return with(Limit.KERNEL_BYTES, kernelBytes);
    }

    /** The limit for the ramdisk, decoded, in bytes. */
    public long ramdiskBytes() {
        return value(Limit.RAMDISK_BYTES);
    }

    /** These limits, with another {@link #ramdiskBytes()}. */
    public PackageLimits withRamdiskBytes(long ramdiskBytes) {
        return with(Limit.RAMDISK_BYTES, ramdiskBytes);
    }

    /** The limit for the guest's memory as the manifest states it, in bytes. */
    public long memoryBytes() {
        return value(Limit.MEMORY_BYTES);
    }

    /** These limits, with another {@link #memoryBytes()}. */
    public PackageLimits withMemoryBytes(long memoryBytes) {
        return with(Limit.MEMORY_BYTES, memoryBytes);
    }

    /** The limit for the QEMU stream, decoded, in bytes. */
    public long snapshotBytes() {
        return value(Limit.SNAPSHOT_BYTES);
    }

    /** These limits, with another {@link #snapshotBytes()}. */
    public PackageLimits withSnapshotBytes(long snapshotBytes) {
        return with(Limit.SNAPSHOT_BYTES, snapshotBytes);
    }

    /** The limit for one disk as the guest sees it, in bytes. */
    public long virtualDiskBytes() {
        return value(Limit.VIRTUAL_DISK_BYTES);
    }

    /** These limits, with another {@link #virtualDiskBytes()}. */
    public PackageLimits withVirtualDiskBytes(long virtualDiskBytes) {
        return with(Limit.VIRTUAL_DISK_BYTES, virtualDiskBytes);
    }

    /** The limit for all images in the package together, decoded, in bytes. */
    public long diskBytes() {
        return value(Limit.DISK_BYTES);
    }

    /** These limits, with another {@link #diskBytes()}. */
    public PackageLimits withDiskBytes(long diskBytes) {
        return with(Limit.DISK_BYTES, diskBytes);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof PackageLimits limits && values.equals(limits.values);
    }

    @Override
    public int hashCode() {
        return values.hashCode();
    }

    @Override
    public String toString() {
        return "PackageLimits" + values;
    }
}
