// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

/**
 * How much of a package a reader is willing to take, checked before anything is allocated. A package beyond a limit is
 * refused with {@link io.vmmig.Problem#PACKAGE_LIMIT_EXCEEDED}. Immutable.
 *
 * @param manifestBytes the manifest, in bytes
 * @param xmlBytes the domain XML, and likewise libvirt's cookie, in bytes
 * @param sealBytes the seal at the end, in bytes
 * @param segmentBytes one segment, decoded, in bytes; the format itself allows {@link #MAX_SEGMENT_BYTES}
 * @param storedSegmentBytes one segment as it is stored, in bytes
 * @param disks disks of one guest
 * @param layers images of one disk that travel
 * @param entries tar entries of one package
 * @param kernelBytes the kernel, decoded, in bytes
 * @param ramdiskBytes the ramdisk, decoded, in bytes
 * @param memoryBytes the guest's memory as the manifest states it, in bytes
 * @param snapshotBytes the QEMU stream, decoded, in bytes
 * @param virtualDiskBytes one disk as the guest sees it, in bytes
 * @param diskBytes all images that travel, decoded, together, in bytes
 */
public record PackageLimits(
        int manifestBytes,
        int xmlBytes,
        int sealBytes,
        int segmentBytes,
        int storedSegmentBytes,
        int disks,
        int layers,
        long entries,
        long kernelBytes,
        long ramdiskBytes,
        long memoryBytes,
        long snapshotBytes,
        long virtualDiskBytes,
        long diskBytes) {
    private static final int KIB = 1 << 10;
    private static final int MIB = 1 << 20;
    private static final long GIB = 1L << 30;
    private static final long TIB = 1L << 40;

    /** The most that one segment may decode to, by the format. */
    public static final int MAX_SEGMENT_BYTES = 4 * MIB;

    /** Room for any guest that one host of today runs; memory use stays small whatever the package claims. */
    public static final PackageLimits DEFAULT = new PackageLimits(
            MIB,
            4 * MIB,
            4 * MIB,
            MAX_SEGMENT_BYTES,
            MAX_SEGMENT_BYTES + 320 * KIB,
            64,
            64,
            8_000_000,
            512L * MIB,
            4 * GIB,
            4 * TIB,
            4 * TIB,
            64 * TIB,
            16 * TIB);

    public PackageLimits {
        requirePositive(manifestBytes, "manifestBytes");
        requirePositive(xmlBytes, "xmlBytes");
        requirePositive(sealBytes, "sealBytes");
        requirePositive(segmentBytes, "segmentBytes");
        requirePositive(storedSegmentBytes, "storedSegmentBytes");
        requireNotNegative(disks, "disks");
        requireNotNegative(layers, "layers");
        requirePositive(entries, "entries");
        requireNotNegative(kernelBytes, "kernelBytes");
        requireNotNegative(ramdiskBytes, "ramdiskBytes");
        requireNotNegative(memoryBytes, "memoryBytes");
        requireNotNegative(snapshotBytes, "snapshotBytes");
        requireNotNegative(virtualDiskBytes, "virtualDiskBytes");
        requireNotNegative(diskBytes, "diskBytes");
        if (segmentBytes > MAX_SEGMENT_BYTES) {
            throw new IllegalArgumentException("segmentBytes is more than the format allows");
        }
    }

    private static void requirePositive(long value, String name) {
        if (value <= 0) {
            throw new IllegalArgumentException(name + " must be positive");
        }
    }

    private static void requireNotNegative(long value, String name) {
        if (value < 0) {
            throw new IllegalArgumentException(name + " must not be negative");
        }
    }

    /** These limits, with another {@link #manifestBytes()}. */
    public PackageLimits withManifestBytes(int manifestBytes) {
        return new PackageLimits(
                manifestBytes,
                xmlBytes,
                sealBytes,
                segmentBytes,
                storedSegmentBytes,
                disks,
                layers,
                entries,
                kernelBytes,
                ramdiskBytes,
                memoryBytes,
                snapshotBytes,
                virtualDiskBytes,
                diskBytes);
    }

    /** These limits, with another {@link #xmlBytes()}. */
    public PackageLimits withXmlBytes(int xmlBytes) {
        return new PackageLimits(
                manifestBytes,
                xmlBytes,
                sealBytes,
                segmentBytes,
                storedSegmentBytes,
                disks,
                layers,
                entries,
                kernelBytes,
                ramdiskBytes,
                memoryBytes,
                snapshotBytes,
                virtualDiskBytes,
                diskBytes);
    }

    /** These limits, with another {@link #sealBytes()}. */
    public PackageLimits withSealBytes(int sealBytes) {
        return new PackageLimits(
                manifestBytes,
                xmlBytes,
                sealBytes,
                segmentBytes,
                storedSegmentBytes,
                disks,
                layers,
                entries,
                kernelBytes,
                ramdiskBytes,
                memoryBytes,
                snapshotBytes,
                virtualDiskBytes,
                diskBytes);
    }

    /** These limits, with another {@link #segmentBytes()}. */
    public PackageLimits withSegmentBytes(int segmentBytes) {
        return new PackageLimits(
                manifestBytes,
                xmlBytes,
                sealBytes,
                segmentBytes,
                storedSegmentBytes,
                disks,
                layers,
                entries,
                kernelBytes,
                ramdiskBytes,
                memoryBytes,
                snapshotBytes,
                virtualDiskBytes,
                diskBytes);
    }

    /** These limits, with another {@link #storedSegmentBytes()}. */
    public PackageLimits withStoredSegmentBytes(int storedSegmentBytes) {
        return new PackageLimits(
                manifestBytes,
                xmlBytes,
                sealBytes,
                segmentBytes,
                storedSegmentBytes,
                disks,
                layers,
                entries,
                kernelBytes,
                ramdiskBytes,
                memoryBytes,
                snapshotBytes,
                virtualDiskBytes,
                diskBytes);
    }

    /** These limits, with another {@link #disks()}. */
    public PackageLimits withDisks(int disks) {
        return new PackageLimits(
                manifestBytes,
                xmlBytes,
                sealBytes,
                segmentBytes,
                storedSegmentBytes,
                disks,
                layers,
                entries,
                kernelBytes,
                ramdiskBytes,
                memoryBytes,
                snapshotBytes,
                virtualDiskBytes,
                diskBytes);
    }

    /** These limits, with another {@link #layers()}. */
    public PackageLimits withLayers(int layers) {
        return new PackageLimits(
                manifestBytes,
                xmlBytes,
                sealBytes,
                segmentBytes,
                storedSegmentBytes,
                disks,
                layers,
                entries,
                kernelBytes,
                ramdiskBytes,
                memoryBytes,
                snapshotBytes,
                virtualDiskBytes,
                diskBytes);
    }

    /** These limits, with another {@link #entries()}. */
    public PackageLimits withEntries(long entries) {
        return new PackageLimits(
                manifestBytes,
                xmlBytes,
                sealBytes,
                segmentBytes,
                storedSegmentBytes,
                disks,
                layers,
                entries,
                kernelBytes,
                ramdiskBytes,
                memoryBytes,
                snapshotBytes,
                virtualDiskBytes,
                diskBytes);
    }

    /** These limits, with another {@link #kernelBytes()}. */
    public PackageLimits withKernelBytes(long kernelBytes) {
        return new PackageLimits(
                manifestBytes,
                xmlBytes,
                sealBytes,
                segmentBytes,
                storedSegmentBytes,
                disks,
                layers,
                entries,
                kernelBytes,
                ramdiskBytes,
                memoryBytes,
                snapshotBytes,
                virtualDiskBytes,
                diskBytes);
    }

    /** These limits, with another {@link #ramdiskBytes()}. */
    public PackageLimits withRamdiskBytes(long ramdiskBytes) {
        return new PackageLimits(
                manifestBytes,
                xmlBytes,
                sealBytes,
                segmentBytes,
                storedSegmentBytes,
                disks,
                layers,
                entries,
                kernelBytes,
                ramdiskBytes,
                memoryBytes,
                snapshotBytes,
                virtualDiskBytes,
                diskBytes);
    }

    /** These limits, with another {@link #memoryBytes()}. */
    public PackageLimits withMemoryBytes(long memoryBytes) {
        return new PackageLimits(
                manifestBytes,
                xmlBytes,
                sealBytes,
                segmentBytes,
                storedSegmentBytes,
                disks,
                layers,
                entries,
                kernelBytes,
                ramdiskBytes,
                memoryBytes,
                snapshotBytes,
                virtualDiskBytes,
                diskBytes);
    }

    /** These limits, with another {@link #snapshotBytes()}. */
    public PackageLimits withSnapshotBytes(long snapshotBytes) {
        return new PackageLimits(
                manifestBytes,
                xmlBytes,
                sealBytes,
                segmentBytes,
                storedSegmentBytes,
                disks,
                layers,
                entries,
                kernelBytes,
                ramdiskBytes,
                memoryBytes,
                snapshotBytes,
                virtualDiskBytes,
                diskBytes);
    }

    /** These limits, with another {@link #virtualDiskBytes()}. */
    public PackageLimits withVirtualDiskBytes(long virtualDiskBytes) {
        return new PackageLimits(
                manifestBytes,
                xmlBytes,
                sealBytes,
                segmentBytes,
                storedSegmentBytes,
                disks,
                layers,
                entries,
                kernelBytes,
                ramdiskBytes,
                memoryBytes,
                snapshotBytes,
                virtualDiskBytes,
                diskBytes);
    }

    /** These limits, with another {@link #diskBytes()}. */
    public PackageLimits withDiskBytes(long diskBytes) {
        return new PackageLimits(
                manifestBytes,
                xmlBytes,
                sealBytes,
                segmentBytes,
                storedSegmentBytes,
                disks,
                layers,
                entries,
                kernelBytes,
                ramdiskBytes,
                memoryBytes,
                snapshotBytes,
                virtualDiskBytes,
                diskBytes);
    }
}
