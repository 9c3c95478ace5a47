// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import io.vmmig.lab.guest.GuestKind;
import io.vmmig.lab.guest.LabDisk;
import io.vmmig.lab.guest.LabDomain;
import io.vmmig.lab.host.Lab;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The hosts that all tests share: a and b are embedded drivers, c and d libvirtds. Each comes up when it is first asked for;
 * if it cannot, for want of root or of a program, the test that asked fails and says why.
 */
final class Hosts {
    private static @Nullable Lab lab;
    private static final Map<String, LabHost> UP = new TreeMap<>();

    private Hosts() {}

    static LabHost a() {
        return host("a", name -> lab().embedded(name));
    }

    static LabHost b() {
        return host("b", name -> lab().embedded(name));
    }

    /** An embedded driver in a JVM with a heap of 256 MiB, which is less than most guests have memory. */
    static LabHost inSmallHeap(String name) {
        return withHeap(name, 256);
    }

    /** An embedded driver in a JVM with so much heap, in MiB. */
    static LabHost withHeap(String name, int mebibytes) {
        return host(name, n -> lab().embeddedWithHeap(n, mebibytes));
    }

    static LabHost c() {
        return host("c", name -> lab().libvirtd(name));
    }

    static LabHost d() {
        return host("d", name -> lab().libvirtd(name));
    }

    /** A libvirtd of another Debian release. */
    static LabHost ofRelease(String release, String name) {
        return host(name, n -> lab().libvirtd(n, release));
    }

    /** A libvirtd whose program is on the lab's network. */
    static LabHost networked(String name) {
        return host(name, n -> lab().networked(n));
    }

    static synchronized Lab lab() {
        if (lab == null) {
            lab = Lab.open();
        }
        return lab;
    }

    private static synchronized LabHost host(String name, Function<String, LabHost> start) {
        return UP.computeIfAbsent(name, n -> {
            LabHost host = start.apply(n);
            GuestKind.Image image = GuestKind.TINY_X86_64.image();
            host.addImage(image.qcow2(), "qcow2");
            host.addBootFiles(image);
            return host;
        });
    }

    /** Ends all guests of all hosts, so that no test stands in the way of the next. */
    static synchronized void clear() {
        UP.values().forEach(LabHost::clear);
    }

    static synchronized void close() {
        if (lab != null) {
            lab.close();
        }
        UP.clear();
        lab = null;
    }

    /** Starts a tiny x86_64 guest with one disk over a base image that all hosts hold. */
    static LabGuest startTiny(LabHost host, String name) {
        return host.start(tiny(host, name)).ready();
    }

    /** The same, not started yet. */
    static LabDomain tiny(LabHost host, String name) {
        GuestKind.Image image = GuestKind.TINY_X86_64.image();
        return LabDomain.of(image, name).disk(LabDisk.overlay(disk(host, name, "a"), image.qcow2(), "qcow2"));
    }

    /** Where a guest's disk goes that is made by the test. */
    static Path disk(LabHost host, String guest, String disk) {
        return host.homeOf(guest).resolve(disk + ".qcow2");
    }
}
