// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit.hostile;

import static io.vmmig.error.Problem.PACKAGE_LIMIT_EXCEEDED;
import static io.vmmig.error.Problem.PACKAGE_MALFORMED;
import static io.vmmig.error.Problem.PACKAGE_TRUNCATED;
import static io.vmmig.testkit.hostile.HandMadePackage.header;
import static io.vmmig.testkit.hostile.HandMadePackage.put;
import static io.vmmig.testkit.hostile.HandMadePackage.summed;
import static io.vmmig.testkit.hostile.HostilePackage.Fault.BEFORE_MEMORY;
import static io.vmmig.testkit.hostile.HostilePackage.Fault.IN_MEMORY_OR_BEHIND;

import io.vmmig.testkit.hostile.HandMadePackage.Entry;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** What can be wrong with the tar: names, kinds of entries, headers, order and ends. */
final class HostileTars {
    private static final String DOMAIN = "libvirt.xml";

    private final Cases cases = new Cases();

    private HostileTars() {}

    static List<HostilePackage> all() {
        HostileTars tars = new HostileTars();
        tars.names();
        tars.kinds();
        tars.headers();
        tars.order();
        tars.ends();
        return tars.cases.all();
    }

    private void names() {
        Map<String, String> names = Map.ofEntries(
                Map.entry("a path that climbs out", "../../etc/cron.d/vmmig"),
                Map.entry("a path that climbs out of a folder of ours", "disks/../../etc/passwd"),
                Map.entry("an absolute path", "/etc/passwd"),
                Map.entry("a path of Windows", "C:\\windows\\system32\\a.dll"),
                Map.entry("a name of another case", "LIBVIRT.XML"),
                Map.entry("a name with a dot in front", "./libvirt.xml"),
                Map.entry("a name with two slashes", "disks//vda.0.qcow2/000000"),
                Map.entry("a name with a line break", "libvirt.xml\nroot::0:0::/:/bin/sh"),
                Map.entry("a name with an escape sequence", "\u001b[2Jmanifest.json"),
                Map.entry("a name written from right to left", "lmx.\u202etxt"),
                Map.entry("a name with a full-width slash", "disks\uff0fvda"),
                Map.entry("an empty name", ""),
                Map.entry("a name of one dot", "."),
                Map.entry("a name that goes on behind its NUL", "libvirt.xml\0.qcow2"),
                Map.entry("a name of 100 characters", "a".repeat(100)),
                Map.entry("an entry that nobody knows", "novelty.bin"));
        names.forEach((what, name) -> cases.before(
                what,
                PACKAGE_MALFORMED,
                parts -> parts.entries.add(parts.indexOf(DOMAIN), new Entry(name, new byte[10], new byte[10]))));
    }

    private void kinds() {
        Map<String, Character> kinds = Map.ofEntries(
                Map.entry("a hard link", '1'),
                Map.entry("a symbolic link", '2'),
                Map.entry("a character device", '3'),
                Map.entry("a block device", '4'),
                Map.entry("a directory", '5'),
                Map.entry("a FIFO", '6'),
                Map.entry("a contiguous file", '7'),
                Map.entry("a pax header", 'x'),
                Map.entry("a global pax header", 'g'),
                Map.entry("a long name by GNU", 'L'),
                Map.entry("a long link by GNU", 'K'),
                Map.entry("a sparse file by GNU", 'S'),
                Map.entry("a file by an old tar", '\0'));
        kinds.forEach((what, type) -> {
            byte[] content = "30 path=../../../etc/passwd\n\n\n".getBytes(StandardCharsets.UTF_8);
            cases.before(what, PACKAGE_MALFORMED, parts -> {
                Entry entry = new Entry(DOMAIN, content, content);
                entry.header = header(DOMAIN, content.length, type);
                put(entry.header, 157, "/etc/shadow");
                summed(entry.header);
                parts.entries.add(parts.indexOf(DOMAIN), entry);
            });
        });
    }

    private void headers() {
        headerWith("an entry that anybody may run", h -> put(h, 100, "0006777"));
        headerWith("an entry with an owner", h -> put(h, 108, "0001750"));
        headerWith("an entry with a name of its owner", h -> put(h, 265, "root"));
        headerWith("an entry with a time", h -> put(h, 136, "00000000001"));
        headerWith("an entry with a link name", h -> put(h, 157, "/etc/shadow"));
        headerWith("an entry with a name in two parts", h -> put(h, 345, "../../etc"));
        headerWith("an entry with device numbers", h -> put(h, 329, "0000010"));
        headerWith("an entry that GNU tar has written", h -> put(h, 257, "ustar  \0"));
        headerWith("a size in base 256", h -> h[124] = (byte) 0x80);
        headerWith("a negative size in base 256", h -> Arrays.fill(h, 124, 136, (byte) 0xff));
        headerWith("a size of spaces", h -> put(h, 124, "           "));
        headerWith("a size that is no number", h -> put(h, 124, "-0000000001"));
        cases.afterSeal(
                "a wrong checksum", PACKAGE_MALFORMED, BEFORE_MEMORY, parts -> parts.entry(DOMAIN).header[150]++);
        cases.afterSeal(
                "a domain XML of 8 GiB",
                PACKAGE_LIMIT_EXCEEDED,
                BEFORE_MEMORY,
                parts -> parts.entry(DOMAIN).header = header(DOMAIN, (1L << 33) - 1, '0'));
        cases.afterSeal(
                "a segment of 8 GiB",
                PACKAGE_LIMIT_EXCEEDED,
                BEFORE_MEMORY,
                parts -> parts.entry(Harmless.VDA).header = header(Harmless.VDA, (1L << 33) - 1, '0'));
        cases.afterSeal(
                "a manifest of 8 GiB",
                PACKAGE_LIMIT_EXCEEDED,
                BEFORE_MEMORY,
                parts -> parts.entry("manifest.json").header = header("manifest.json", (1L << 33) - 1, '0'));
        cases.afterSeal(
                "a seal of 8 GiB",
                PACKAGE_LIMIT_EXCEEDED,
                IN_MEMORY_OR_BEHIND,
                parts -> parts.entry("seal.json").header = header("seal.json", (1L << 33) - 1, '0'));
    }

    private void headerWith(String what, Consumer<byte[]> change) {
        cases.afterSeal(what, PACKAGE_MALFORMED, BEFORE_MEMORY, parts -> {
            byte[] header = parts.entry(DOMAIN).header;
            change.accept(header);
            summed(header);
        });
    }

    private void order() {
        cases.before("a second manifest", PACKAGE_MALFORMED, parts -> parts.entries.add(1, parts.entries.get(0)));
        cases.before(
                "a second domain XML",
                PACKAGE_MALFORMED,
                parts -> parts.entries.add(parts.indexOf("libvirt-cookie.xml") + 1, parts.entry(DOMAIN)));
        cases.before(
                "a segment twice",
                PACKAGE_MALFORMED,
                parts -> parts.entries.add(parts.indexOf(Harmless.VDB), parts.entry(Harmless.VDA)));
        cases.before(
                "a gap between segments",
                PACKAGE_MALFORMED,
                parts -> parts.entries.add(
                        parts.indexOf(Harmless.VDB), new Entry("disks/vda.0.qcow2/000002", new byte[0], new byte[0])));
        cases.before(
                "disks in another order",
                PACKAGE_MALFORMED,
                parts -> Collections.swap(parts.entries, parts.indexOf(Harmless.VDA), parts.indexOf(Harmless.VDB)));
        cases.before(
                "the memory in front of the disks",
                PACKAGE_MALFORMED,
                parts ->
                        Collections.swap(parts.entries, parts.indexOf(Harmless.VDA), parts.indexOf(Harmless.SNAPSHOT)));
        cases.before(
                "the kernel behind the domain",
                PACKAGE_MALFORMED,
                parts -> Collections.swap(parts.entries, parts.indexOf("kernel/000000"), parts.indexOf(DOMAIN)));
        cases.before("no domain XML", PACKAGE_MALFORMED, parts -> parts.entries.remove(parts.entry(DOMAIN)));
        cases.before(
                "a disk that is missing", PACKAGE_MALFORMED, parts -> parts.entries.remove(parts.entry(Harmless.VDB)));
        cases.before("no memory", PACKAGE_MALFORMED, parts -> parts.entries.remove(parts.entry(Harmless.SNAPSHOT)));
        cases.before(
                "a manifest that is not the first", PACKAGE_MALFORMED, parts -> Collections.swap(parts.entries, 0, 1));
        cases.afterSeal(
                "a second seal",
                PACKAGE_MALFORMED,
                IN_MEMORY_OR_BEHIND,
                parts -> parts.entries.add(parts.entry("seal.json")));
    }

    private void ends() {
        byte[] whole = HostilePackages.harmless();
        cases.afterSeal(
                "no seal",
                PACKAGE_TRUNCATED,
                IN_MEMORY_OR_BEHIND,
                parts -> parts.entries.remove(parts.entry("seal.json")));
        cases.format("trailing bytes", PACKAGE_MALFORMED, IN_MEMORY_OR_BEHIND, Arrays.copyOf(whole, whole.length + 1));
        byte[] padded = whole.clone();
        padded[padded.length - 1] = 1;
        cases.format("something in the padding", PACKAGE_MALFORMED, IN_MEMORY_OR_BEHIND, padded);
        cases.format(
                "a package cut by one byte",
                PACKAGE_TRUNCATED,
                IN_MEMORY_OR_BEHIND,
                Arrays.copyOf(whole, whole.length - 1));
        cases.format("a package cut in its head", PACKAGE_TRUNCATED, BEFORE_MEMORY, Arrays.copyOf(whole, 700));
        cases.format("an empty file", PACKAGE_TRUNCATED, BEFORE_MEMORY, new byte[0]);
        cases.format("nothing but zeros", PACKAGE_MALFORMED, BEFORE_MEMORY, new byte[10240]);
        cases.format("a qcow2 image in place of a package", PACKAGE_MALFORMED, BEFORE_MEMORY, new TinyQcow2().bytes());
    }
}
