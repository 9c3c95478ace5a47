// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import io.vmmig.bundle.format.SealedContent;
import io.vmmig.error.IntegrityException;
import io.vmmig.error.Problem;
import org.jspecify.annotations.Nullable;

/**
 * The position of one content in the order of a package.
 *
 * @param name the content's name: the name of its tar entry, or the folder of its segments
 * @param kind its kind
 * @param optional whether it may be missing
 * @param exactBytes its decoded length in bytes, or -1 if the manifest does not say
 * @param target the disk, or null if it is not a disk
 * @param layer which layer of the disk, 0 being the lowest; 0 if it is not a disk
 * @param expected digest and size in the manifest, or null if the manifest does not give them
 */
record EntryPosition(
        String name,
        Kind kind,
        boolean optional,
        long exactBytes,
        @Nullable String target,
        int layer,
        Manifest.@Nullable Content expected) {
    /** The kind of a content. */
    public enum Kind {
        /** The domain XML. */
        DOMAIN("libvirt.xml"),
        /** Libvirt's cookie. */
        COOKIE("libvirt-cookie.xml"),
        /** The definition for the guest's next start. */
        DEFINITION("definition.xml"),
        /** What is known of the guest besides its XML. */
        GUEST("guest.json"),
        /** The kernel. */
        KERNEL("kernel"),
        /** The ramdisk. */
        RAMDISK("ramdisk"),
        /** A base image. */
        BASE_IMAGE("bases/"),
        /** An image of a disk. */
        DISK("disks/"),
        /** The part of the QEMU stream that was sent while the guest ran. */
        PRECOPY(PackageSummary.PRECOPY),
        /** The QEMU stream, or its rest. */
        SNAPSHOT(PackageSummary.SNAPSHOT);

        private final String text;

        Kind(String text) {
            this.text = text;
        }

        /** The content's name; of a base image and a disk, its beginning. */
        public String text() {
            return text;
        }

        /** Whether it is split into segments, rather than stored as one entry. */
        public boolean segmented() {
            return switch (this) {
                case DOMAIN, COOKIE, DEFINITION, GUEST -> false;
                case KERNEL, RAMDISK, BASE_IMAGE, PRECOPY, DISK, SNAPSHOT -> true;
            };
        }

        /** Whether it consists of pages. */
        public boolean paged() {
            return this == DISK || this == PRECOPY || this == SNAPSHOT;
        }

        /** How it is stored. */
        public String encoding() {
            if (paged()) {
                return SealedContent.PAGES;
            }
            return segmented() ? SealedContent.ZSTD : SealedContent.PLAIN;
        }
    }

    static EntryPosition of(Kind kind, boolean optional) {
        return new EntryPosition(kind.text, kind, optional, -1, null, 0, null);
    }

    static EntryPosition of(Kind kind, Manifest.Content expected) {
        return new EntryPosition(kind.text, kind, true, expected.bytes(), null, 0, expected);
    }

    static EntryPosition of(Manifest.Base base) {
        Manifest.Content content = base.content();
        return new EntryPosition(PackageOrder.nameOf(base), Kind.BASE_IMAGE, true, content.bytes(), null, 0, content);
    }

    static EntryPosition of(String target, int layer, Manifest.Layer image) {
        String name =
                Kind.DISK.text + target + '.' + layer + '.' + image.format().word();
        long exactBytes = image.format() == ImageFormat.RAW ? image.virtualBytes() : -1;
        return new EntryPosition(name, Kind.DISK, false, exactBytes, target, layer, null);
    }

    /**
     * Checks a content at this position against the manifest.
     *
     * @throws IntegrityException with {@link Problem#DIGEST_MISMATCH} when the manifest names another
     */
    public void requireExpected(SealedContent content) throws IntegrityException {
        if (expected != null && !expected.equals(new Manifest.Content(content.digest(), content.bytes()))) {
            throw new IntegrityException(
                    Problem.DIGEST_MISMATCH,
                    "the " + name + " is not the one that the manifest names",
                    "Make sure that nothing changes the guest's files during the migration, and try again.");
        }
    }

    /** The name of the tar entry of a segment. */
    public String segmentName(long index) {
        return segmentName(name, index);
    }

    static String segmentName(String name, long index) {
        String digits = Long.toString(index);
        return name + '/' + "0".repeat(Math.max(0, 6 - digits.length())) + digits;
    }
}
