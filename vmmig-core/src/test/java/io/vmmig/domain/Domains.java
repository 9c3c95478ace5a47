// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import io.vmmig.hypervisor.HostCapabilities;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
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
}
