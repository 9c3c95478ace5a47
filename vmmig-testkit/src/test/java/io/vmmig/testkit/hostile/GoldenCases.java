// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit.hostile;

import io.vmmig.error.Problem;
import io.vmmig.testkit.hostile.HandMadePackage.Entry;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Makes golden packages, without any code that writes or reads packages: each is the smallest one, changed in one thing. */
class GoldenCases {
    static final String MANIFEST = "manifest.json";
    static final String DISK = "disks/vda.0.raw/000000";
    static final String SNAPSHOT = "snapshot/000000";
    static final byte[] DISK_BYTES = text("disk", 512);
    static final byte[] MEMORY = text("memory", 3000);

    private static final String XML =
            """
            <domain type='qemu'>
              <name>golden-1</name>
              <uuid>11111111-2222-4333-8444-555555555555</uuid>
              <memory unit='KiB'>262144</memory>
              <vcpu>1</vcpu>
              <os>
                <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>
              </os>
              <devices>
                <emulator>/usr/bin/qemu-system-x86_64</emulator>
                <disk type='file' device='disk'>
                  <driver name='qemu' type='raw'/>
                  <source file='/srv/vda.raw'/>
                  <target dev='vda' bus='virtio'/>
                </disk>
              </devices>
            </domain>
            """;

    private static final String GUEST =
            "{\"running\": true, \"autostart\": false, \"copy\": false, \"lent\": false, \"leftBehind\": []}\n";

    static final String SMALLEST =
            """
            {
              "vmmig": 2,
              "package": "01234567-89ab-4def-8123-456789abcdef",
              "created": "2026-01-31T12:00:00Z",
              "guest": {
                "name": "golden-1",
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
              "disks": [
                { "target": "vda", "layers": [{ "format": "raw", "virtual": 512, "file": 512 }] }
              ],
              "references": []
            }
            """;

    /** A package, and what it is expected to be. */
    record Golden(String shows, @Nullable Problem problem, byte[] bytes, Map<String, byte[]> contents) {}

    final Map<String, Golden> cases = new LinkedHashMap<>();

    /** A text of so many bytes that has no page twice. */
    static byte[] text(String what, int bytes) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; text.length() < bytes; i++) {
            text.append(String.format("line %06d of a golden %s\n", i, what));
        }
        return text.substring(0, bytes).getBytes(StandardCharsets.US_ASCII);
    }

    static HandMadePackage parts() {
        return new HandMadePackage()
                .plain(MANIFEST, SMALLEST)
                .plain("libvirt.xml", XML)
                .plain("guest.json", GUEST)
                .pages(DISK, DISK_BYTES)
                .pages(SNAPSHOT, MEMORY);
    }

    private void add(String name, String shows, @Nullable Problem problem, byte[] bytes, HandMadePackage parts) {
        Map<String, byte[]> contents = new LinkedHashMap<>();
        if (problem == null) {
            for (Entry entry : parts.entries) {
                int slash = entry.name.lastIndexOf('/');
                ByteArrayOutputStream content = new ByteArrayOutputStream();
                String of = slash < 0 ? entry.name : entry.name.substring(0, slash);
                content.writeBytes(contents.getOrDefault(of, new byte[0]));
                content.writeBytes(entry.decoded);
                contents.put(of, content.toByteArray());
            }
            contents.remove("seal.json");
        }
        if (cases.put(name, new Golden(shows, problem, bytes, contents)) != null) {
            throw new AssertionError(name + " twice");
        }
    }

    /** The smallest package, changed before it is sealed. */
    void packed(String name, @Nullable Problem problem, String shows, Consumer<HandMadePackage> change) {
        HandMadePackage parts = parts();
        change.accept(parts);
        add(name, shows, problem, parts.sealed().bytes(), parts);
    }

    /** The smallest package, changed after it was sealed. */
    void resealed(String name, @Nullable Problem problem, String shows, Consumer<HandMadePackage> change) {
        HandMadePackage parts = parts().sealed();
        change.accept(parts);
        add(name, shows, problem, parts.bytes(), parts);
    }

    /** Bytes as they are. */
    void refused(String name, Problem problem, String shows, byte[] bytes) {
        add(name, shows, problem, bytes, parts());
    }

    static void set(HandMadePackage parts, String entry, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        parts.entry(entry).store(bytes);
        parts.entry(entry).decoded = bytes;
    }

    /** Another manifest, by what is to be replaced in the smallest one. */
    void manifest(String name, @Nullable Problem problem, String shows, String from, String to) {
        packed(name, problem, shows, parts -> set(parts, MANIFEST, Harmless.replaced(SMALLEST, from, to)));
    }

    /** One more field in the manifest. */
    void field(String name, @Nullable Problem problem, String shows, String field) {
        manifest(name, problem, shows, "\"references\": []", "\"references\": [],\n  " + field);
    }

    /** Another seal, by what is to be replaced in it. */
    void seal(String name, @Nullable Problem problem, String shows, String from, String to) {
        resealed(name, problem, shows, parts -> {
            String json = new String(parts.entry("seal.json").stored, StandardCharsets.UTF_8);
            set(parts, "seal.json", Harmless.replaced(json, from, to));
        });
    }

    /** Instructions, as numbers below 128 or of more bytes. */
    static byte[] code(long... numbers) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (long number : numbers) {
            HandMadePackage.number(out, number);
        }
        return out.toByteArray();
    }

    /** The snapshot as a frame, and what that decodes to. */
    void snapshot(String name, @Nullable Problem problem, String shows, byte[] frame, byte[] decoded) {
        packed(name, problem, shows, parts -> {
            parts.entry(SNAPSHOT).store(frame);
            parts.entry(SNAPSHOT).decoded = decoded;
        });
    }

    /** The snapshot as instructions with their data, and what these produce. */
    void pages(String name, @Nullable Problem problem, String shows, byte[] code, byte[] data, byte[] produced) {
        snapshot(name, problem, shows, ZstdFrames.of(HandMadePackage.body(code, data)), produced);
    }

    static byte[] joined(byte[]... pieces) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] piece : pieces) {
            out.writeBytes(piece);
        }
        return out.toByteArray();
    }
}
