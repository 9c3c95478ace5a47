// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import io.vmmig.bundle.format.Encodings;
import io.vmmig.bundle.format.SealedContent;
import io.vmmig.error.IntegrityException;
import io.vmmig.error.Problem;
import org.jspecify.annotations.Nullable;

/**
 * A place in the order of a package, for one content.
 *
 * @param name the content's name: the name of its tar entry, or the folder that its segments lie in
 * @param kind what it is
 * @param optional whether it may be left out
 * @param exactBytes how many decoded bytes it has, or -1 when the manifest does not say
 * @param target the disk, or null when it is none
 * @param layer which layer of the disk, 0 being the lowest; 0 when it is no disk
 * @param expected digest and size by the manifest, or null when the manifest does not name them
 */
record Place(
        String name,
        Kind kind,
        boolean optional,
        long exactBytes,
        @Nullable String target,
        int layer,
        Manifest.@Nullable Content expected) {
    /** What a content is. */
    public enum Kind {
        /** The domain XML. */
        DOMAIN,
        /** Libvirt's cookie. */
        COOKIE,
        /** The definition that the guest's next start uses. */
        DEFINITION,
        /** What is known of the guest outside of its XML. */
        GUEST,
        /** The kernel. */
        KERNEL,
        /** The ramdisk. */
        RAMDISK,
        /** A base image. */
        BASE_IMAGE,
        /** An image of a disk. */
        DISK,
        /** The QEMU stream. */
        SNAPSHOT;

        /** Whether it is cut into segments, rather than one entry. */
        public boolean segmented() {
            return switch (this) {
                case DOMAIN, COOKIE, DEFINITION, GUEST -> false;
                case KERNEL, RAMDISK, BASE_IMAGE, DISK, SNAPSHOT -> true;
            };
        }

        /** Whether it consists of pages. */
        public boolean paged() {
            return this == DISK || this == SNAPSHOT;
        }

        /** How it is stored. */
        public String encoding() {
            if (paged()) {
                return Encodings.PAGES;
            }
            return segmented() ? Encodings.ZSTD : Encodings.PLAIN;
        }
    }

    static Place of(String name, Kind kind, boolean optional) {
        return new Place(name, kind, optional, -1, null, 0, null);
    }

    static Place of(String name, Kind kind, Manifest.Content expected) {
        return new Place(name, kind, true, expected.bytes(), null, 0, expected);
    }

    static Place of(Manifest.Base base) {
        return of(PackageOrder.nameOf(base), Kind.BASE_IMAGE, base.content());
    }

    static Place of(String target, int layer, Manifest.Layer image) {
        String name = "disks/" + target + '.' + layer + '.' + image.format().word();
        long exactBytes = image.format() == ImageFormat.RAW ? image.virtualBytes() : -1;
        return new Place(name, Kind.DISK, false, exactBytes, target, layer, null);
    }

    /**
     * Checks a content that has come to this place against the manifest.
     *
     * @throws IntegrityException with {@link Problem#DIGEST_MISMATCH} when the manifest names another
     */
    public void requireExpected(SealedContent content) throws IntegrityException {
        if (expected != null && !expected.equals(new Manifest.Content(content.digest(), content.bytes()))) {
            throw new IntegrityException(
                    Problem.DIGEST_MISMATCH,
                    "the " + name + " is not the one that the manifest names",
                    "Let nothing change the guest's files while it moves, and try again.");
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
