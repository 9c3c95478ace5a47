// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import java.nio.charset.StandardCharsets;
import java.util.UUID;

/** Domain XML for in-memory guests. */
final class Domains {
    private Domains() {}

    static String xml(String name) {
        return xml(name, "");
    }

    static String xml(String name, String devices) {
        UUID uuid = UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8));
        return "<domain type='qemu'><name>" + name + "</name><uuid>" + uuid + "</uuid>"
                + "<memory unit='KiB'>262144</memory><vcpu>1</vcpu>"
                + "<os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>"
                + "<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>" + devices + "</devices></domain>";
    }

    static String disk(String target, java.nio.file.Path file, String format) {
        return "<disk type='file' device='disk'><driver name='qemu' type='" + format + "'/><source file='" + file
                + "'/><target dev='" + target + "' bus='virtio'/></disk>";
    }
}
