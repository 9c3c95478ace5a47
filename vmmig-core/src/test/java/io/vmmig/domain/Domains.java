// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.HostCapabilities;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** A domain as libvirt 9.0 saved it, and a host for it. */
final class Domains {
    private Domains() {}

    static String web1() {
        return resource("web-1.xml");
    }

    static String resource(String name) {
        try (InputStream in = Objects.requireNonNull(Domains.class.getResourceAsStream(name))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static HostCapabilities host(String... machines) {
        return hostFor("x86_64", "qemu", machines);
    }

    static HostCapabilities hostFor(String architecture, String type, String... machines) {
        return new HostCapabilities(
                "host-b",
                "7.2.0",
                "9.0.0",
                1L << 30,
                List.of(new HostCapabilities.Emulator(architecture, type, "/opt/qemu/bin/qemu", Set.of(machines))));
    }

    static GuestFiles files(String directory) {
        Path path = Path.of(directory);
        return new GuestFiles(
                path, Map.of("vda", path.resolve("vda.0.qcow2")), path.resolve("kernel"), path.resolve("ramdisk"));
    }

    /** A domain on a host that fits, with its files in {@code /vm}. */
    static AdaptedDomain adapted(DomainXml saved) throws VmmigException {
        Map<String, Path> disks = new HashMap<>();
        saved.disks().forEach(disk -> disks.put(disk.target(), Path.of("/vm", disk.target())));
        return new DomainAdapter(
                        hostFor(saved.architecture(), saved.domainType(), saved.machine()),
                        DomainSettings.asSaved().keepingNetworks(),
                        new GuestFiles(Path.of("/vm"), disks, Path.of("/vm/kernel"), Path.of("/vm/ramdisk")))
                .adapt(saved);
    }
}
