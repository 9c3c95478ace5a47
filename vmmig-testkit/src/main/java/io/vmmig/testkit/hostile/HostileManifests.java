// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit.hostile;

import static io.vmmig.error.Problem.BASE_IMAGE_MISSING;
import static io.vmmig.error.Problem.DISK_UNSUPPORTED;
import static io.vmmig.error.Problem.MEMORY_INSUFFICIENT;
import static io.vmmig.error.Problem.PACKAGE_LIMIT_EXCEEDED;
import static io.vmmig.error.Problem.PACKAGE_MALFORMED;
import static io.vmmig.error.Problem.PACKAGE_TOO_NEW;
import static io.vmmig.error.Problem.REFERENCE_MISSING;

import io.vmmig.error.Problem;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What can be wrong with the manifest. */
final class HostileManifests {
    private static final String MANIFEST = "manifest.json";
    private static final String MEMORY = "\"memory\": 268435456";
    private static final String NAME = "\"name\": \"hostile-1\"";
    private static final String REFERENCES = "\"references\": []";
    private static final String DIGEST = "sha256:" + "ab".repeat(32);

    private final Cases cases = new Cases();

    private HostileManifests() {}

    static List<HostilePackage> all() {
        HostileManifests manifests = new HostileManifests();
        manifests.json();
        manifests.numbers();
        manifests.texts();
        manifests.versions();
        manifests.disks();
        manifests.references();
        return manifests.cases.all();
    }

    private void text(String what, Problem problem, byte[] json) {
        cases.before(what, problem, parts -> {
            parts.entry(MANIFEST).store(json);
            parts.entry(MANIFEST).decoded = json;
        });
    }

    private void text(String what, Problem problem, String json) {
        text(what, problem, json.getBytes(StandardCharsets.UTF_8));
    }

    private void change(String what, Problem problem, String from, String to) {
        text(what, problem, Harmless.replaced(Harmless.manifest(), from, to));
    }

    private void json() {
        change("a field twice", PACKAGE_MALFORMED, MEMORY, MEMORY + ", \"memory\": 1");
        change("a field twice, once in disguise", PACKAGE_MALFORMED, MEMORY, MEMORY + ", \"m\\u0065mory\": 1");
        change(
                "nesting without end",
                PACKAGE_MALFORMED,
                REFERENCES,
                "\"x\": " + "[".repeat(50_000) + "]".repeat(50_000));
        change("nesting of 17", PACKAGE_MALFORMED, REFERENCES, "\"x\": " + "[".repeat(17) + "]".repeat(17));
        change(
                "a million values",
                PACKAGE_MALFORMED,
                REFERENCES,
                REFERENCES + ", \"x\": [" + "1,".repeat(400_000) + "1]");
        change("a comment", PACKAGE_MALFORMED, MEMORY, "/* */ " + MEMORY);
        change("a string in single quotes", PACKAGE_MALFORMED, "\"alpha\"", "'alpha'");
        text("something behind the manifest", PACKAGE_MALFORMED, Harmless.manifest() + "{}");
        text("a byte order mark", PACKAGE_MALFORMED, "\ufeff" + Harmless.manifest());
        text("a manifest that is a list", PACKAGE_MALFORMED, "[" + Harmless.manifest() + "]");
        text("an empty manifest", PACKAGE_MALFORMED, "");
        text(
                "a manifest without its magic",
                PACKAGE_MALFORMED,
                Harmless.replaced(Harmless.manifest(), "\"vmmig\": 2,", ""));
        text("a manifest of 2 MiB", PACKAGE_LIMIT_EXCEEDED, " ".repeat(2 << 20) + Harmless.manifest());
        byte[] latin = Harmless.manifest().replace("alpha", "\u00e4lpha").getBytes(StandardCharsets.ISO_8859_1);
        text("a manifest that is not UTF-8", PACKAGE_MALFORMED, latin);
        byte[] overlong = Harmless.manifest().replace("alpha", "\u00c0\u00af").getBytes(StandardCharsets.ISO_8859_1);
        text("a slash in too many bytes", PACKAGE_MALFORMED, overlong);
        change("half of a surrogate pair", PACKAGE_MALFORMED, "\"alpha\"", "\"\\ud800\"");
    }

    private void number(String what, Problem problem, String value) {
        change(what, problem, MEMORY, "\"memory\": " + value);
    }

    private void numbers() {
        number("memory of 2^63 bytes", PACKAGE_MALFORMED, "9223372036854775808");
        number("memory of 2^63 - 1 bytes", PACKAGE_LIMIT_EXCEEDED, "9223372036854775807");
        number("memory of 10^400 bytes", PACKAGE_MALFORMED, "1" + "0".repeat(400));
        number("memory with an exponent of a billion", PACKAGE_MALFORMED, "1e999999999");
        number("memory of less than nothing", PACKAGE_MALFORMED, "-1");
        number("memory of nothing", PACKAGE_MALFORMED, "0");
        number("half a byte of memory", PACKAGE_MALFORMED, "268435456.5");
        number("memory that is not a number", PACKAGE_MALFORMED, "NaN");
        number("memory without end", PACKAGE_MALFORMED, "Infinity");
        number("memory in hexadecimal", PACKAGE_MALFORMED, "0x10000000");
        number("memory with a zero in front", PACKAGE_MALFORMED, "0268435456");
        number("memory as text", PACKAGE_MALFORMED, "\"268435456\"");
        change("a billion vcpus", PACKAGE_MALFORMED, "\"vcpus\": 1", "\"vcpus\": 1000000000");
        String memory = String.valueOf(3L << 40);
        HandMadePackage large =
                Harmless.with(MANIFEST, Harmless.replaced(Harmless.manifest(), MEMORY, "\"memory\": " + memory));
        byte[] xml = Harmless.replaced(Harmless.XML, "<memory unit='KiB'>262144", "<memory unit='b'>" + memory)
                .getBytes(StandardCharsets.UTF_8);
        large.entry("libvirt.xml").store(xml);
        large.entry("libvirt.xml").decoded = xml;
        cases.content("more memory than the host has", MEMORY_INSUFFICIENT, large);
    }

    private void name(String what, String name) {
        change(what, PACKAGE_MALFORMED, NAME, "\"name\": \"" + name + "\"");
    }

    private void texts() {
        name("a guest that climbs out of its directory", "../../etc");
        name("a guest that is the directory above", "..");
        name("a guest with an absolute path", "/etc/passwd");
        name("a guest named like an option", "-drive");
        name("a guest with a NUL in its name", "web\\u0000-1");
        name("a guest with a line break in its name", "web\\n-1");
        name("a guest with an escape sequence in its name", "\\u001b]0;x\\u0007");
        name("a guest written from right to left", "gpj.\\u202e1-bew");
        name("a guest with an invisible name", "\\u200b\\u200b");
        name("a guest without a name", "");
        name("a guest with a name of spaces", "   ");
        name("a guest with a name of 300 characters", "a".repeat(300));
        change("a machine type with an option in it", PACKAGE_MALFORMED, "pc-q35-7.2", "pc,accel=x");
        change("a type of domain that is none", PACKAGE_MALFORMED, "\"type\": \"qemu\"", "\"type\": \"lxc\"");
        change("a time that is none", PACKAGE_MALFORMED, "2026-01-31", "2026-02-31");
        change("a guest of another name than in its XML", PACKAGE_MALFORMED, NAME, "\"name\": \"other\"", false);
    }

    /** Where each for itself is in good form. */
    private void change(String what, Problem problem, String from, String to, boolean form) {
        if (form) {
            change(what, problem, from, to);
        } else {
            cases.content(what, problem, Harmless.with(MANIFEST, Harmless.replaced(Harmless.manifest(), from, to)));
        }
    }

    private void versions() {
        change("a newer version", PACKAGE_TOO_NEW, "\"vmmig\": 2", "\"vmmig\": 5");
        change("an older version, which has no guest.json", PACKAGE_MALFORMED, "\"vmmig\": 2", "\"vmmig\": 1");
        change("a version of 2^31", PACKAGE_MALFORMED, "\"vmmig\": 2", "\"vmmig\": 2147483648");
        change("a critical field", PACKAGE_TOO_NEW, REFERENCES, REFERENCES + ", \"x\": 1, \"critical\": [\"x\"]");
        change("a critical list of numbers", PACKAGE_MALFORMED, REFERENCES, REFERENCES + ", \"critical\": [1]");
        change("an encoding that nobody knows", PACKAGE_TOO_NEW, "\"snapshot\": \"pages\"", "\"snapshot\": \"lzma\"");
        change(
                "a reference of a kind that nobody knows",
                PACKAGE_TOO_NEW,
                REFERENCES,
                "\"references\": [" + reference("http", 0) + "]");
    }

    private void disks() {
        String vda = "\"target\": \"vda\"";
        change("a disk that climbs out", PACKAGE_MALFORMED, vda, "\"target\": \"../vda\"");
        change("a disk with an absolute path", PACKAGE_MALFORMED, vda, "\"target\": \"/dev/sda\"");
        change("a disk twice", PACKAGE_MALFORMED, "\"target\": \"vdb\"", vda);
        change("a virtual size of 2^63 - 1", PACKAGE_LIMIT_EXCEEDED, "1048576", "9223372036854775807");
        change("a virtual size of 2^63", PACKAGE_MALFORMED, "1048576", "9223372036854775808");
        change("a virtual size below zero", PACKAGE_MALFORMED, "1048576", "-1048576");
        change("a file of 2^63 - 1 bytes", PACKAGE_LIMIT_EXCEEDED, "24576", "9223372036854775807");
        change("an image of a format that nobody may have", PACKAGE_MALFORMED, "\"qcow2\"", "\"vmdk\"");
        change(
                "a disk without an image",
                PACKAGE_MALFORMED,
                "[{ \"format\": \"raw\", \"virtual\": 8192, \"file\": 8192 }]",
                "[]");
        String layer = "{ \"format\": \"qcow2\", \"virtual\": 1048576, \"file\": 24576 }";
        change(
                "65 layers of a disk",
                PACKAGE_LIMIT_EXCEEDED,
                "[" + layer + "]",
                "[" + String.join(",", java.util.Collections.nCopies(65, layer)) + "]");
        String raw = "{ \"format\": \"raw\", \"virtual\": 8192, \"file\": 8192 }";
        change("a raw image on another", PACKAGE_MALFORMED, "[" + raw + "]", "[" + raw + "," + raw + "]");
        String disk = "{ \"target\": \"vda\", \"layers\": [" + layer + "] }";
        change(
                "65 disks",
                PACKAGE_LIMIT_EXCEEDED,
                disk,
                IntStream.range(0, 65)
                        .mapToObj(i -> disk.replace("vda", "sd" + (char) ('a' + i / 26) + (char) ('a' + i % 26)))
                        .collect(Collectors.joining(",")));
        String onBase = Harmless.replaced(
                Harmless.manifest(),
                "[" + layer + "]",
                "[" + layer + "], \"base\": { \"digest\": \"" + DIGEST + "\", \"bytes\": 1, \"format\": \"raw\" }");
        cases.content("a base image that nobody has", BASE_IMAGE_MISSING, Harmless.with(MANIFEST, onBase));
        includedBases(layer);
    }

    private void includedBases(String layer) {
        change(
                "a base image of 2^62 bytes in the package",
                PACKAGE_LIMIT_EXCEEDED,
                "[" + layer + "]",
                "[" + layer + "], " + includedBase(DIGEST, 1L << 62, "raw"));
        cases.content(
                "a base image that is not in the package, as it should be",
                REFERENCE_MISSING,
                Harmless.with(
                        MANIFEST,
                        Harmless.replaced(
                                Harmless.manifest(),
                                "[" + layer + "]",
                                "[" + layer + "], " + includedBase(DIGEST, 1, "raw"))));
        byte[] image = overlayOf("/etc/shadow");
        String digest = HandMadePackage.digest(image);
        HandMadePackage parts = Harmless.with(
                MANIFEST,
                Harmless.replaced(
                        Harmless.manifest(),
                        "[" + layer + "]",
                        "[" + layer + "], " + includedBase(digest, image.length, "qcow2")));
        parts.segmentBefore("libvirt.xml", "bases/" + digest.replace(':', '-') + ".qcow2/000000", image);
        cases.content("a base image with a backing file of the sender's choice", DISK_UNSUPPORTED, parts);
    }

    private static String includedBase(String digest, long bytes, String format) {
        return "\"base\": { \"digest\": \"" + digest + "\", \"bytes\": " + bytes + ", \"format\": \"" + format
                + "\", \"included\": true }";
    }

    /** A qcow2 image of 1 MiB that holds nothing of its own. */
    private static byte[] overlayOf(String backing) {
        int cluster = 1 << 16;
        byte[] name = backing.getBytes(StandardCharsets.US_ASCII);
        ByteBuffer image = ByteBuffer.allocate(4 * cluster);
        image.putInt(0x514649fb).putInt(2).putLong(72).putInt(name.length).putInt(16);
        image.putLong(1 << 20).putInt(0).putInt(1).putLong(3L * cluster);
        image.putLong(cluster).putInt(1).putInt(0).putLong(0);
        image.put(name);
        return image.array();
    }

    private void references() {
        change(
                "a reference that nobody has",
                REFERENCE_MISSING,
                REFERENCES,
                "\"references\": [" + reference("package", 0) + "]");
        change(
                "a reference twice",
                PACKAGE_MALFORMED,
                REFERENCES,
                "\"references\": [" + reference("raw", 0) + "," + reference("raw", 0) + "]");
        change(
                "257 references",
                PACKAGE_LIMIT_EXCEEDED,
                REFERENCES,
                "\"references\": ["
                        + IntStream.range(0, 257)
                                .mapToObj(i -> reference("raw", i))
                                .collect(Collectors.joining(","))
                        + "]");
        change(
                "a reference by a path",
                PACKAGE_MALFORMED,
                REFERENCES,
                "\"references\": [{ \"kind\": \"raw\", \"digest\": \"/etc/shadow\" }]");
    }

    private static String reference(String kind, int number) {
        return "{ \"kind\": \"" + kind + "\", \"digest\": \"sha256:" + String.format("%064x", number) + "\" }";
    }
}
