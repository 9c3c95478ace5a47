// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import io.vmmig.lab.LabException;
import io.vmmig.lab.guest.Console;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.Virsh;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * A guest saved by {@code virsh save}.
 *
 * @param name the guest's name
 * @param home where its files were
 * @param image the save image
 * @param disk the overlay
 */
record Saved(String name, Path home, Path image, Path disk) {
    private static final String DISK = "disk.qcow2";

    /** Saves a guest into a directory, which ends it; its disk stays where it was. */
    static Saved of(LabGuest guest, Path directory) {
        Path image = directory.resolve("save-image");
        Path home = guest.host().homeOf(guest.name());
        Virsh.at(guest.host(), "save", guest.name(), image.toString());
        return new Saved(guest.name(), home, image, home.resolve(DISK));
    }

    /** The path of that guest's disk at a host. */
    static Path diskAt(LabHost host, String name) {
        return host.homeOf(name).resolve(DISK);
    }

    /** The domain XML for that host: the same, with the paths changed. */
    String xmlFor(LabHost host) {
        return Virsh.at(host, "save-image-dumpxml", image.toString())
                .replace(home.toString(), host.homeOf(name).toString());
    }

    /** Restores it there; moves its disk to that host's own path. */
    LabGuest restoreAt(LabHost host) {
        return restoreAt(host, true);
    }

    /** The same, but keeps both files, so that it can be restored again. */
    LabGuest copyTo(LabHost host) {
        return restoreAt(host, false);
    }

    private LabGuest restoreAt(LabHost host, boolean moving) {
        Path there = host.homeOf(name);
        Path xml = image.resolveSibling("edited.xml");
        try {
            Files.createDirectories(there);
            if (moving) {
                Files.move(disk, diskAt(host, name), StandardCopyOption.REPLACE_EXISTING);
            } else {
                Files.copy(disk, diskAt(host, name), StandardCopyOption.REPLACE_EXISTING);
            }
            Files.writeString(xml, xmlFor(host));
        } catch (IOException e) {
            throw new LabException("could not place the disk of " + name + " at " + there, e);
        }
        Console console = Console.from(there.resolve("console"));
        Virsh.at(host, "restore", image.toString(), "--xml", xml.toString());
        return new LabGuest(host, name, console, there.resolve("channel"));
    }
}
