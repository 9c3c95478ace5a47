// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.lab.guest.GuestKind;
import io.vmmig.lab.guest.LabDisk;
import io.vmmig.lab.guest.LabDomain;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Guests of every kind. Each is booted once and then goes from embedded driver to embedded driver, and on to a libvirtd; the one
 * with the most disks also from there to another libvirtd.
 */
@Tag("slow")
class GuestsIT {
    @AfterEach
    void clear() {
        Hosts.clear();
    }

    private static LabGuest tour(LabGuest guest) {
        return Moves.tour(guest, Hosts.b(), Hosts.c());
    }

    @Test
    void withoutDisks() {
        LabGuest guest = Hosts.a()
                .start(LabDomain.of(GuestKind.TINY_X86_64.image(), "diskless"))
                .ready();

        tour(guest);
    }

    /** One over a raw base image, one over a qcow2 base image, one that is two overlays deep, and a raw one without a base. */
    @Test
    void withDisksOfAllKinds() {
        GuestKind.Image image = GuestKind.TINY_X86_64.image();
        LabHost a = Hosts.a();
        String name = "disks";
        LabDisk overRaw = LabDisk.overlay(Hosts.disk(a, name, "a"), image.raw(), "raw");
        LabDisk overQcow2 = LabDisk.overlay(Hosts.disk(a, name, "b"), image.qcow2(), "qcow2");
        LabDisk deep = LabDisk.overlay(Hosts.disk(a, name, "c0"), image.qcow2(), "qcow2")
                .overlaid(Hosts.disk(a, name, "c1"));
        LabDisk alone = LabDisk.raw(Hosts.disk(a, name, "d"), image.raw());
        for (LabHost host : List.of(a, Hosts.b(), Hosts.c(), Hosts.d())) {
            host.addImage(image.raw(), "raw");
        }
        LabDomain domain = LabDomain.of(image, name)
                .disk(overRaw)
                .disk(overQcow2)
                .disk(deep)
                .disk(alone);
        LabGuest guest = a.start(domain).ready();

        LabGuest arrived = Moves.tour(tour(guest), Hosts.d());

        assertThat(arrived.records()).containsOnlyKeys("vda", "vdb", "vdc", "vdd");
    }

    /** Its kernel travels, because no host holds that. */
    @Test
    void onAarch64() {
        GuestKind.Image image = GuestKind.TINY_AARCH64.image();
        LabHost a = Hosts.a();
        LabDisk disk = LabDisk.overlay(Hosts.disk(a, "arm", "a"), image.qcow2(), "qcow2");
        for (LabHost host : List.of(a, Hosts.b(), Hosts.c())) {
            host.addImage(image.qcow2(), "qcow2");
        }
        LabGuest guest = a.start(LabDomain.of(image, "arm").disk(disk)).ready();

        tour(guest);
    }

    @Test
    void fullDebian() {
        GuestKind.Image image = GuestKind.DEBIAN.image();
        LabHost a = Hosts.a();
        LabDisk disk = LabDisk.overlay(Hosts.disk(a, "debian", "a"), image.qcow2(), "qcow2");
        for (LabHost host : List.of(a, Hosts.b(), Hosts.c())) {
            host.addImage(image.qcow2(), "qcow2");
        }
        LabGuest guest = a.start(LabDomain.of(image, "debian").disk(disk)).ready();
        guest.run("echo of this boot >/run/note");

        LabGuest arrived = tour(guest);

        assertThat(arrived.run("cat /run/note")).isEqualTo("of this boot");
        assertThatThrownBy(() -> arrived.run("echo no; false")).hasMessageContaining("status 1: no");
    }
}
