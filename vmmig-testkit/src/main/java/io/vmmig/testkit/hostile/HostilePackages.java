// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit.hostile;

import java.util.ArrayList;
import java.util.List;

/**
 * Packages that must be refused, each for a reason of its own, and one that must not. They are made anew by each call, from
 * code; most take a few KiB, and none more than 8 MiB.
 *
 * <p>They are for a destination that has an emulator for x86_64 guests of type qemu with the machine type pc-q35-7.2, less
 * than 2 TiB of memory, no guest named hostile-1, no base images, and settings and limits as they are unless said otherwise.
 * {@link HostilePackageContract} runs them.
 */
public final class HostilePackages {
    private HostilePackages() {}

    /** A package from which each of {@link #all()} differs in one thing. */
    public static byte[] harmless() {
        return Harmless.parts().sealed().bytes();
    }

    /** All of them. */
    public static List<HostilePackage> all() {
        List<HostilePackage> all = new ArrayList<>();
        all.addAll(HostileTars.all());
        all.addAll(HostileSegments.all());
        all.addAll(HostileManifests.all());
        all.addAll(HostileDomains.all());
        all.addAll(HostileDefinitions.all());
        all.addAll(HostileImages.all());
        return List.copyOf(all);
    }
}
