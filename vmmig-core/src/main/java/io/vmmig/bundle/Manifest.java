// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import io.vmmig.bundle.format.Seal;
import io.vmmig.content.Digest;
import io.vmmig.error.IncompatibleException;
import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The description at the beginning of a package: enough to decide whether a host can take the guest.
 *
 * @param formatVersion the version of the package format
 * @param packageId identifies this package, and its migration
 * @param guestName the guest's name at the source
 * @param guestUuid the guest's uuid at the source
 * @param architecture libvirt's name of the guest's architecture
 * @param machine the canonical machine type, such as {@code pc-q35-7.2}
 * @param domainType {@code kvm} or {@code qemu}
 * @param cpuModel the CPU model of the domain XML, or null when it names none
 * @param memoryBytes the guest's memory, in bytes
 * @param vcpus the number of virtual CPUs
 * @param running whether the guest was running rather than paused when the package was begun; {@link GuestRecord#running()} gives its state
 *     when it was saved, except in packages of format version 1
 * @param persistent whether the source kept the guest's definition
 * @param hypervisorVersion QEMU's version at the source
 * @param libvirtVersion libvirt's version at the source
 * @param sourceHost the source's host name
 * @param createdAt when the package was begun
 * @param kernel the kernel that the domain boots directly, or null
 * @param ramdisk the ramdisk that the domain boots directly, or null
 * @param disks the disks, in the order of the domain XML
 * @param references content outside of the package from which disks and snapshot may be rebuilt; in an offer, what the source would like to
 *     use
 */
public record Manifest(
        int formatVersion,
        UUID packageId,
        String guestName,
        UUID guestUuid,
        String architecture,
        String machine,
        String domainType,
        @Nullable String cpuModel,
        long memoryBytes,
        int vcpus,
        boolean running,
        boolean persistent,
        String hypervisorVersion,
        String libvirtVersion,
        String sourceHost,
        Instant createdAt,
        @Nullable Content kernel,
        @Nullable Content ramdisk,
        List<Disk> disks,
        List<Reference> references) {
    /** The version of the package format that this vmmig writes, and the highest that it reads. */
    public static final int FORMAT_VERSION = Seal.FORMAT_VERSION;

    /** The version of the package format of {@linkplain #baseline() baselines}, which earlier versions of vmmig refuse. */
    public static final int BASELINE_VERSION = 3;

    /** The version of the package format of {@linkplain #live() live migrations}, which earlier versions of vmmig refuse. */
    public static final int LIVE_VERSION = 4;

    public Manifest {
        disks = List.copyOf(disks);
        references = List.copyOf(references);
    }

    /** Whether the package has a {@link GuestRecord}, and may have a definition apart from the running XML. */
    public boolean hasGuestRecord() {
        return formatVersion >= 2;
    }

    /**
     * Whether the package only holds disks and memory of a guest that ran while they were read. They fit together at no moment, so nothing
     * can be restored from it; a later package of the guest refers to it.
     */
    public boolean baseline() {
        return formatVersion == BASELINE_VERSION;
    }

    /**
     * Checks that a guest can be restored from the package.
     *
     * @throws IncompatibleException with {@link Problem#REQUEST_INVALID} for a {@linkplain #baseline() baseline}
     */
    public void requireRestorable() throws IncompatibleException {
        if (baseline()) {
            throw new IncompatibleException(
                    Problem.REQUEST_INVALID,
                    "the package is a baseline of guest " + guestName + ", from which nothing can be restored",
                    "Use the package that was made upon it, and name this one as its earlier package.");
        }
    }

    /**
     * Whether most of the guest's memory comes before its disks, since it was sent while the guest ran. A destination feeds it to its
     * hypervisor at once, and must have placeholders for the disks.
     */
    public boolean live() {
        return formatVersion == LIVE_VERSION;
    }

    /**
     * The disk of that target.
     *
     * @throws java.util.NoSuchElementException if there is none
     */
    public Disk disk(String target) {
        return disks.stream()
                .filter(disk -> disk.target().equals(target))
                .findFirst()
                .orElseThrow();
    }

    /** Whether a layer of a disk is sent while the guest runs. */
    public boolean sentFrozen(Disk disk, int layer) {
        return live() && disk.frozen(layer);
    }

    /** The manifest of a live migration of the same guest. */
    public Manifest asLive() {
        return with(LIVE_VERSION, packageId, createdAt, disks, references);
    }

    /** The manifest of a baseline of the same guest that is begun now. */
    public Manifest asBaseline() {
        return with(
                BASELINE_VERSION,
                UUID.randomUUID(),
                Instant.now(),
                disks.stream().map(Disk::withoutOverlay).toList(),
                references);
    }

    /** A copy of a package that is begun now. */
    public Manifest begunNow() {
        return with(formatVersion, packageId, Instant.now(), disks, references);
    }

    /** A copy with these references. */
    public Manifest withReferences(List<Reference> others) {
        return with(formatVersion, packageId, createdAt, disks, others);
    }

    private Manifest with(int version, UUID id, Instant begun, List<Disk> images, List<Reference> others) {
        return new Manifest(
                version,
                id,
                guestName,
                guestUuid,
                architecture,
                machine,
                domainType,
                cpuModel,
                memoryBytes,
                vcpus,
                running,
                persistent,
                hypervisorVersion,
                libvirtVersion,
                sourceHost,
                begun,
                kernel,
                ramdisk,
                images,
                others);
    }

    /** The references to the pages of the kernel and the ramdisk, if there are any. */
    public Set<Reference> bootReferences() {
        return Stream.of(Optional.ofNullable(kernel), Optional.ofNullable(ramdisk))
                .flatMap(Optional::stream)
                .flatMap(content -> Stream.of(
                        new Reference(Reference.Kind.BOOT_2, content.digest()),
                        new Reference(Reference.Kind.BOOT, content.digest())))
                .collect(Collectors.toUnmodifiableSet());
    }

    /** The base images that are in the package, each once, in the order of the disks. */
    public List<Base> includedBases() {
        return disks.stream()
                .map(Disk::base)
                .filter(Objects::nonNull)
                .filter(Base::included)
                .distinct()
                .toList();
    }

    /** The references to the pages of the base images in the package. */
    public Set<Reference> includedBaseReferences() {
        return includedBases().stream().map(Base::reference).collect(Collectors.toUnmodifiableSet());
    }

    /** The references to the pages of the disks' base images. */
    public Set<Reference> baseReferences() {
        return disks.stream()
                .map(Disk::base)
                .filter(Objects::nonNull)
                .map(Base::reference)
                .collect(Collectors.toUnmodifiableSet());
    }

    /**
     * The manifest as {@code manifest.json}, the first entry of a package; a destination gets it before the guest is paused. The same
     * manifest always gives the same bytes.
     */
    public byte[] toJson() {
        return ManifestJson.write(this);
    }

    /**
     * Reads what {@link #toJson()} writes. The bytes are untrusted: the result is within {@code limits}, its names hold no control
     * characters and no path, and its disks are consistent.
     *
     * @throws PackageFormatException with {@link Problem#PACKAGE_MALFORMED}, {@link Problem#PACKAGE_TOO_NEW}
     *     or {@link Problem#PACKAGE_LIMIT_EXCEEDED}
     */
    public static Manifest fromJson(byte[] json, PackageLimits limits) throws PackageFormatException {
        return ManifestJson.read(json, limits, false);
    }

    /**
     * As {@link #fromJson}, for the manifest in an offer. References of kinds that this vmmig does not know are left out, so that the
     * source does not use them.
     */
    public static Manifest fromOffer(byte[] json, PackageLimits limits) throws PackageFormatException {
        return ManifestJson.read(json, limits, true);
    }

    /**
     * Content that both ends hold, as pages.
     *
     * @param kind the kind of content
     * @param digest the SHA-256 of the file; of an earlier package, that of its seal
     */
    public record Reference(Kind kind, Digest digest) {
        /** The kinds of references, which determine how they are divided into pages. */
        public enum Kind {
            /** An image that a guest sees unchanged. */
            RAW("raw"),
            /** A qcow2 image, as a guest sees it. */
            QCOW2("qcow2"),
            /** A kernel or a ramdisk, as it is in memory; only earlier versions of vmmig write it. */
            BOOT("boot"),
            /** A kernel or a ramdisk, as it is in memory, with more compression formats. */
            BOOT_2("boot-2"),
            /** An earlier package. */
            PACKAGE("package");

            private final String word;

            Kind(String word) {
                this.word = word;
            }

            /** The kind's name in packages. */
            public String word() {
                return word;
            }

            /** The kind with that name in packages. */
            public static Optional<Kind> of(String word) {
                return Arrays.stream(values())
                        .filter(kind -> kind.word.equals(word))
                        .findFirst();
            }

            /** The kind of an image's pages. */
            public static Kind of(ImageFormat format) {
                return format == ImageFormat.RAW ? RAW : QCOW2;
            }
        }
    }

    /**
     * Content that the destination may already have.
     *
     * @param digest its SHA-256
     * @param bytes its size, in bytes
     */
    public record Content(Digest digest, long bytes) {}

    /**
     * A disk: a chain of images, of which the lowest may be a base image that both ends hold.
     *
     * @param target the device as the guest's XML names it, such as {@code vda}
     * @param layers the images in the package, lowest first; empty for a read-only disk that consists of its base image only
     * @param base the image below the lowest layer, or null
     */
    public record Disk(String target, List<Layer> layers, @Nullable Base base) {
        public Disk {
            layers = List.copyOf(layers);
        }

        /** The same disk, whose layers all count alike. */
        Disk withoutOverlay() {
            return new Disk(
                    target,
                    layers.stream()
                            .map(layer -> new Layer(layer.format(), layer.virtualBytes(), layer.fileBytes()))
                            .toList(),
                    base);
        }

        /** Whether the highest layer is an {@linkplain Layer#overlay() overlay}. */
        public boolean overlaid() {
            return layers.size() > 1 && layers.get(layers.size() - 1).overlay();
        }

        /** Whether a layer does not change during a live migration, since an overlay lies on it. */
        public boolean frozen(int layer) {
            return overlaid() && layer < layers.size() - 1;
        }
    }

    /**
     * An image in the package.
     *
     * @param format its format
     * @param virtualBytes the size that the guest sees, in bytes
     * @param fileBytes the size of the file without its holes when the package is begun, in bytes: about the space that it takes; it may
     *     differ by the time it is sent
     * @param overlay whether it only holds what the guest wrote during a live migration; the destination merges it into the layer below
     */
    public record Layer(ImageFormat format, long virtualBytes, long fileBytes, boolean overlay) {
        /** An image that is no overlay. */
        public Layer(ImageFormat format, long virtualBytes, long fileBytes) {
            this(format, virtualBytes, fileBytes, false);
        }
    }

    /**
     * A base image.
     *
     * @param content digest and size of the image file
     * @param format its format
     * @param included whether it is in the package as well, for hosts that do not have it
     */
    public record Base(Content content, ImageFormat format, boolean included) {
        /** A base image that is not in the package. */
        public Base(Content content, ImageFormat format) {
            this(content, format, false);
        }

        /** The reference to its pages. */
        public Reference reference() {
            return new Reference(Reference.Kind.of(format), content.digest());
        }
    }
}
