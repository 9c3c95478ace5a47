// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit.hostile;

import static io.vmmig.error.Problem.DEVICE_CANNOT_MOVE;
import static io.vmmig.error.Problem.DISK_UNSUPPORTED;
import static io.vmmig.error.Problem.DOMAIN_UNSUPPORTED;
import static io.vmmig.error.Problem.PACKAGE_LIMIT_EXCEEDED;
import static io.vmmig.error.Problem.PACKAGE_MALFORMED;
import static io.vmmig.error.Problem.PACKAGE_TOO_NEW;
import static io.vmmig.testkit.hostile.HostilePackage.Fault.BEFORE_MEMORY;

import io.vmmig.error.Problem;
import java.util.List;

/** What can be wrong with what waits for the guest's next start, and with what is known of it outside of its XML. */
final class HostileDefinitions {
    private static final String DEFINITION = "definition.xml";
    private static final String GUEST = "guest.json";
    private static final String BALLOON = "<memballoon model='virtio'/>";
    private static final String INITRD = "<initrd>/srv/ramdisk</initrd>";

    private final Cases cases = new Cases();

    private HostileDefinitions() {}

    static List<HostilePackage> all() {
        HostileDefinitions definitions = new HostileDefinitions();
        definitions.definitions();
        definitions.disks();
        definitions.records();
        definitions.places();
        return definitions.cases.all();
    }

    private void xml(String what, Problem problem, String xml) {
        cases.content("a definition " + what, problem, Harmless.with(DEFINITION, xml));
    }

    private void change(String what, Problem problem, String from, String to) {
        xml(what, problem, Harmless.replaced(Harmless.DEFINITION, from, to));
    }

    private void definitions() {
        change("of another guest, by its name", DOMAIN_UNSUPPORTED, "<name>hostile-1<", "<name>database<");
        change(
                "of another guest, by its uuid",
                DOMAIN_UNSUPPORTED,
                "<uuid>11111111-2222-4333-8444-555555555555<",
                "<uuid>11111111-2222-4333-8444-666666666666<");
        xml("that is nothing", DOMAIN_UNSUPPORTED, "");
        xml("of a network", DOMAIN_UNSUPPORTED, "<network><name>hostile-1</name></network>");
        xml(
                "with an entity that is a file",
                DOMAIN_UNSUPPORTED,
                "<!DOCTYPE domain [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
                        + Harmless.replaced(Harmless.DEFINITION, "<name>hostile-1<", "<name>&x;<"));
        change(
                "with arguments for QEMU",
                DOMAIN_UNSUPPORTED,
                "<devices>",
                "<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><qemu:arg value='-chardev'/>"
                        + "</qemu:commandline><devices>");
        change(
                "with a device of the host",
                DEVICE_CANNOT_MOVE,
                BALLOON,
                "<hostdev mode='subsystem' type='pci'><source><address domain='0' bus='0' slot='2' function='0'/></source>"
                        + "</hostdev>" + BALLOON);
        change(
                "on a bridge of its own choice",
                DEVICE_CANNOT_MOVE,
                BALLOON,
                "<interface type='bridge'><mac address='52:54:00:00:00:01'/><source bridge='br-admin'/></interface>"
                        + BALLOON);
        change(
                "with a kernel that is another file",
                DOMAIN_UNSUPPORTED,
                INITRD,
                "<kernel>/etc/shadow</kernel>" + INITRD);
        change("with a ramdisk that is another file", DOMAIN_UNSUPPORTED, INITRD, "<initrd>/etc/shadow</initrd>");
        change(
                "with firmware of its own choice",
                DEVICE_CANNOT_MOVE,
                INITRD,
                "<loader readonly='yes' type='pflash'>/srv/evil.fd</loader>" + INITRD);
        cases.content(
                "a definition of a guest that has none",
                PACKAGE_MALFORMED,
                Harmless.with(
                        "manifest.json",
                        Harmless.replaced(Harmless.manifest(), "\"persistent\": true", "\"persistent\": false")));
    }

    private void disks() {
        change(
                "with a disk that is another file",
                DISK_UNSUPPORTED,
                BALLOON,
                "<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/etc/shadow'/>"
                        + "<target dev='vdz' bus='virtio'/></disk>" + BALLOON);
        change(
                "with a disk that is a device of the host",
                DISK_UNSUPPORTED,
                BALLOON,
                "<disk type='block' device='disk'><driver name='qemu' type='raw'/><source dev='/dev/sda'/>"
                        + "<target dev='vdz' bus='virtio'/></disk>" + BALLOON);
        change(
                "that takes the bytes of a raw disk for a qcow2 image",
                DISK_UNSUPPORTED,
                "<driver name='qemu' type='raw'/>",
                "<driver name='qemu' type='qcow2'/>");
        change(
                "that takes a qcow2 image for raw bytes",
                DISK_UNSUPPORTED,
                "<driver name='qemu' type='qcow2'/>",
                "<driver name='qemu' type='raw'/>");
        change(
                "with a disk of no known format",
                DISK_UNSUPPORTED,
                "<driver name='qemu' type='raw'/>",
                "<driver name='qemu' type='vmdk'/>");
    }

    private void record(String what, Problem problem, String from, String to) {
        cases.format(
                "a guest's record " + what,
                problem,
                BEFORE_MEMORY,
                Harmless.with(GUEST, Harmless.replaced(Harmless.GUEST, from, to))
                        .sealed()
                        .bytes());
    }

    private void records() {
        record("that is no JSON", PACKAGE_MALFORMED, "{\n", "<");
        record("that says twice whether it ran", PACKAGE_MALFORMED, "\"copy\"", "\"running\"");
        record("that does not say whether it ran", PACKAGE_MALFORMED, "\"running\"", "\"walking\"");
        record("with a word in place of yes or no", PACKAGE_MALFORMED, "\"copy\": false", "\"copy\": \"false\"");
        record("with more than a reader knows", PACKAGE_TOO_NEW, "\"copy\"", "\"critical\": [\"soul\"], \"copy\"");
        record("with an escape sequence", PACKAGE_MALFORMED, "before the upgrade", "\\u001b[2J");
        record("with a name without end", PACKAGE_MALFORMED, "before the upgrade", "a".repeat(256));
        record("with a kind that is a sentence", PACKAGE_MALFORMED, "snapshot", "nothing at all, all is well!");
        String left = "{ \"kind\": \"snapshot\", \"name\": \"before the upgrade\" }";
        record(
                "with 2000 snapshots",
                PACKAGE_LIMIT_EXCEEDED,
                left,
                String.join(",", java.util.Collections.nCopies(2000, left)));
        cases.before("a guest's record of 2 MiB", PACKAGE_LIMIT_EXCEEDED, parts -> {
            byte[] content = (Harmless.GUEST + " ".repeat(2 << 20)).getBytes(java.nio.charset.StandardCharsets.UTF_8);
            parts.entry(GUEST).store(content);
            parts.entry(GUEST).decoded = content;
        });
    }

    private void places() {
        cases.before("no guest's record", PACKAGE_MALFORMED, parts -> parts.entries.remove(parts.entry(GUEST)));
        cases.before(
                "a second definition",
                PACKAGE_MALFORMED,
                parts -> parts.entries.add(parts.indexOf(DEFINITION), parts.entry(DEFINITION)));
        cases.before(
                "a second guest's record",
                PACKAGE_MALFORMED,
                parts -> parts.entries.add(parts.indexOf(GUEST), parts.entry(GUEST)));
        cases.before(
                "a guest's record before the definition",
                PACKAGE_MALFORMED,
                parts -> java.util.Collections.swap(parts.entries, parts.indexOf(DEFINITION), parts.indexOf(GUEST)));
        cases.afterSeal(
                "a definition of 8 GiB",
                PACKAGE_LIMIT_EXCEEDED,
                BEFORE_MEMORY,
                parts -> parts.entry(DEFINITION).header = HandMadePackage.header(DEFINITION, (1L << 33) - 1, '0'));
    }
}
