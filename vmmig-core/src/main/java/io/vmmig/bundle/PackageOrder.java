// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import io.vmmig.bundle.EntryPosition.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The order of the contents of one package, determined by its manifest; writer and reader both follow it. Kernel, ramdisk and base images
 * come first, since they can be sent while the guest still runs and later contents may refer to them; in a live migration, so can most of
 * its memory. Disks come before the snapshot, since the destination's QEMU opens them before it reads the snapshot's end. Not thread-safe.
 */
final class PackageOrder {
    private final Queue<EntryPosition> places;

    /** The order for a manifest. */
    public PackageOrder(Manifest manifest) {
        this.places = new ArrayDeque<>(places(manifest));
    }

    private static List<EntryPosition> places(Manifest manifest) {
        List<EntryPosition> places = new ArrayList<>();
        if (!manifest.baseline()) {
            addGuest(places, manifest);
        }
        if (manifest.live()) {
            addLayers(places, manifest, true);
            places.add(EntryPosition.of(Kind.PRECOPY, false));
        }
        addLayers(places, manifest, false);
        places.add(EntryPosition.of(Kind.SNAPSHOT, false));
        return places;
    }

    /** @param frozen whether those that do not change during a live migration, or the others; in other packages all are others */
    private static void addLayers(List<EntryPosition> places, Manifest manifest, boolean frozen) {
        for (Manifest.Disk disk : manifest.disks()) {
            for (int layer = 0; layer < disk.layers().size(); layer++) {
                if (manifest.sentFrozen(disk, layer) == frozen) {
                    places.add(
                            EntryPosition.of(disk.target(), layer, disk.layers().get(layer)));
                }
            }
        }
    }

    /** The files that the guest needs besides its disks, and its domain. */
    private static void addGuest(List<EntryPosition> places, Manifest manifest) {
        if (manifest.kernel() != null) {
            places.add(EntryPosition.of(Kind.KERNEL, manifest.kernel()));
        }
        if (manifest.ramdisk() != null) {
            places.add(EntryPosition.of(Kind.RAMDISK, manifest.ramdisk()));
        }
        manifest.includedBases().forEach(base -> places.add(EntryPosition.of(base)));
        places.add(EntryPosition.of(Kind.DOMAIN, false));
        places.add(EntryPosition.of(Kind.COOKIE, true));
        if (manifest.hasGuestRecord()) {
            places.add(EntryPosition.of(Kind.DEFINITION, true));
            places.add(EntryPosition.of(Kind.GUEST, false));
        }
    }

    /**
     * Advances to the position of that name, skipping optional ones.
     *
     * @return the position, or null when that content cannot follow here; do not use this object after that
     */
    public @Nullable EntryPosition advanceTo(String name) {
        return advance(place -> place.name().equals(name));
    }

    /** As {@link #advanceTo(String)}, for an image of a disk. */
    public @Nullable EntryPosition advanceToLayer(String target, int layer) {
        return advance(place -> target.equals(place.target()) && place.layer() == layer);
    }

    private @Nullable EntryPosition advance(Predicate<EntryPosition> wanted) {
        while (true) {
            EntryPosition place = places.poll();
            if (place == null || wanted.test(place)) {
                return place;
            }
            if (!place.optional()) {
                return null;
            }
        }
    }

    /** The content name of a base image. */
    public static String nameOf(Manifest.Base base) {
        return Kind.BASE_IMAGE.text() + "sha256-" + base.content().digest().hex() + '.'
                + base.format().word();
    }

    /** Whether an entry of that name is a segment of a kernel, a ramdisk or a base image, which come before the domain. */
    public static boolean isBootSegment(String entryName) {
        return entryName.startsWith(Kind.KERNEL.text() + "/")
                || entryName.startsWith(Kind.RAMDISK.text() + "/")
                || entryName.startsWith(Kind.BASE_IMAGE.text());
    }

    /** The name of the first content that is missing if the package ends here, or null if it may. */
    public @Nullable String missing() {
        return places.stream()
                .filter(place -> !place.optional())
                .map(EntryPosition::name)
                .findFirst()
                .orElse(null);
    }
}
