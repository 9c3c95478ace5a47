// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit.hostile;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The parts of a package with nothing wrong in it: a kernel, a ramdisk, a qcow2 disk, a raw disk and 64 KiB of memory. */
final class Harmless {
    static final byte[] KERNEL = fill(5000, 1);
    static final byte[] RAMDISK = fill(3000, 2);
    static final byte[] RAW = fill(8192, 3);
    static final byte[] MEMORY = fill(65536, 4);

    static final String VDA = "disks/vda.0.qcow2/000000";
    static final String VDB = "disks/vdb.0.raw/000000";
    static final String SNAPSHOT = "snapshot/000000";

    static final String XML =
            """
            <domain type='qemu'>
              <name>hostile-1</name>
              <uuid>11111111-2222-4333-8444-555555555555</uuid>
              <memory unit='KiB'>262144</memory>
              <vcpu>1</vcpu>
              <os>
                <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>
                <kernel>/srv/kernel</kernel>
                <initrd>/srv/ramdisk</initrd>
                <cmdline>console=ttyS0</cmdline>
              </os>
              <clock offset='utc'/>
              <on_crash>destroy</on_crash>
              <devices>
                <emulator>/usr/bin/qemu-system-x86_64</emulator>
                <disk type='file' device='disk'>
                  <driver name='qemu' type='qcow2'/>
                  <source file='/srv/vda.qcow2'/>
                  <target dev='vda' bus='virtio'/>
                </disk>
                <disk type='file' device='disk'>
                  <driver name='qemu' type='raw'/>
                  <source file='/srv/vdb.raw'/>
                  <target dev='vdb' bus='virtio'/>
                </disk>
                <serial type='file'>
                  <source path='/srv/console.log'/>
                  <target port='0'/>
                </serial>
                <memballoon model='virtio'/>
              </devices>
            </domain>
            """;

    static final String COOKIE =
            "<cookie><cpu mode='custom' match='exact' check='full'><model fallback='forbid'>qemu64</model></cpu></cookie>";

    /** What waits for the guest's next start: another CPU, the raw disk under another name, and no kernel. */
    static final String DEFINITION = replaced(
            replaced(
                    replaced(XML, "<vcpu>1</vcpu>", "<vcpu>2</vcpu>"),
                    "<target dev='vdb' bus='virtio'/>",
                    "<target dev='sda' bus='sata'/>"),
            "<kernel>/srv/kernel</kernel>",
            "");

    static final String GUEST =
            """
            {
              "running": true,
              "autostart": true,
              "copy": false,
              "leftBehind": [{ "kind": "snapshot", "name": "before the upgrade" }]
            }
            """;

    private Harmless() {}

    private static byte[] fill(int length, int with) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i * 31 + (i >>> 8) * with);
        }
        return bytes;
    }

    static String manifest() {
        return """
                {
                  "vmmig": 2,
                  "package": "01234567-89ab-4def-8123-456789abcdef",
                  "created": "2026-01-31T12:00:00Z",
                  "guest": {
                    "name": "hostile-1",
                    "uuid": "11111111-2222-4333-8444-555555555555",
                    "architecture": "x86_64",
                    "machine": "pc-q35-7.2",
                    "type": "qemu",
                    "memory": 268435456,
                    "vcpus": 1,
                    "running": true,
                    "persistent": true
                  },
                  "source": { "host": "alpha", "qemu": "7.2.11", "libvirt": "9.0.0" },
                  "encodings": { "kernel": "zstd", "ramdisk": "zstd", "disks": "pages", "snapshot": "pages" },
                  "kernel": { "digest": "KERNEL", "bytes": 5000 },
                  "ramdisk": { "digest": "RAMDISK", "bytes": 3000 },
                  "disks": [
                    { "target": "vda", "layers": [{ "format": "qcow2", "virtual": 1048576, "file": 24576 }] },
                    { "target": "vdb", "layers": [{ "format": "raw", "virtual": 8192, "file": 8192 }] }
                  ],
                  "references": []
                }
                """
                .replace("KERNEL", HandMadePackage.digest(KERNEL))
                .replace("RAMDISK", HandMadePackage.digest(RAMDISK));
    }

    /** All but the seal. */
    static HandMadePackage parts() {
        return new HandMadePackage()
                .plain("manifest.json", manifest())
                .segment("kernel/000000", KERNEL)
                .segment("ramdisk/000000", RAMDISK)
                .plain("libvirt.xml", XML)
                .plain("libvirt-cookie.xml", COOKIE)
                .plain("definition.xml", DEFINITION)
                .plain("guest.json", GUEST)
                .pages(VDA, new TinyQcow2().bytes())
                .pages(VDB, RAW)
                .pages(SNAPSHOT, MEMORY);
    }

    /** With another text as the content of a plain entry. */
    static HandMadePackage with(String entry, byte[] content) {
        HandMadePackage parts = parts();
        parts.entry(entry).store(content);
        parts.entry(entry).decoded = content;
        return parts;
    }

    static HandMadePackage with(String entry, String content) {
        return with(entry, content.getBytes(StandardCharsets.UTF_8));
    }

    /** Replaces what has to be there. */
    static String replaced(String text, String from, String to) {
        if (!text.contains(from)) {
            throw new AssertionError("there is no " + from);
        }
        return text.replace(from, to);
    }

    static byte[] cut(byte[] bytes, int length) {
        return Arrays.copyOf(bytes, length);
    }
}
