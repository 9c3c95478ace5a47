// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import io.vmmig.lab.LabException;
import io.vmmig.lab.Trees;
import io.vmmig.lab.guest.GuestKind;
import io.vmmig.lab.host.Lab;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.Link;
import io.vmmig.lab.host.LinkProbe;
import io.vmmig.lab.host.Measured;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Two hosts with a link between them. Both hold the base images, kernels and ramdisks of all guests. */
final class Ground {
    private static final long ROOM_FOR_PACKAGES = 8L << 30;

    private final Lab lab;
    private final LabHost a;
    private final LabHost b;
    private final Set<GuestKind> known = new HashSet<>();
    private String saveFormat = "raw";

    /** @param release the Debian whose libvirt and QEMU they run, or {@link Lab#THIS_RELEASE} */
    Ground(Lab lab, String release) {
        this.lab = lab;
        this.a = lab.networked("a", release);
        this.b = lab.networked("b", release);
    }

    /** Where guests start. */
    LabHost a() {
        return a;
    }

    /** Where they go. */
    LabHost b() {
        return b;
    }

    List<LabHost> hosts() {
        return List.of(a, b);
    }

    /** The files of a kind of guest; both hosts hold them from now on. */
    GuestKind.Image image(GuestKind kind) {
        GuestKind.Image image = kind.image();
        if (known.add(kind)) {
            for (LabHost host : hosts()) {
                host.addImage(image.qcow2(), "qcow2");
                host.addBootFiles(image);
            }
        }
        return image;
    }

    /** An empty directory of that name, for files of a host. */
    Path emptyDirectory(String name) {
        Path directory = lab.directory().resolve(name);
        Trees.delete(directory);
        return directory(name);
    }

    /** A directory of that name. */
    Path directory(String name) {
        try {
            return Files.createDirectories(lab.directory().resolve(name));
        } catch (IOException e) {
            throw new LabException("could not make a directory for " + name, e);
        }
    }

    /** Puts a link between the hosts, and returns its measurement. */
    Measured connect(Link wanted) {
        a.link(wanted);
        Measured measured = LinkProbe.between(a, b);
        if (!measured.fits(wanted)) {
            throw new LabException("the link should have " + wanted.title() + ", and has " + measured);
        }
        return measured;
    }

    /** Makes {@code virsh save} at the first host write that format. */
    void saveFormat(String format) {
        if (saveFormat.equals(format)) {
            return;
        }
        try {
            a.saveImageFormat(format);
            saveFormat = format;
        } catch (LabException e) {
            // A libvirtd that does not know the format may not even start.
            a.saveImageFormat(saveFormat);
            throw e;
        }
    }

    /** Removes what earlier moves have left at both hosts and later ones could reuse. */
    void forgetPackages() {
        for (LabHost host : hosts()) {
            host.keepAtMost(0);
            host.keepAtMost(ROOM_FOR_PACKAGES);
        }
    }

    /** Removes a guest, wherever it is. */
    void clear(String guest) {
        hosts().forEach(host -> host.remove(guest));
    }
}
