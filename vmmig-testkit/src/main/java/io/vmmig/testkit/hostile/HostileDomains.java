// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit.hostile;

import static io.vmmig.error.Problem.DEVICE_CANNOT_MOVE;
import static io.vmmig.error.Problem.DISK_UNSUPPORTED;
import static io.vmmig.error.Problem.DOMAIN_UNSUPPORTED;
import static io.vmmig.error.Problem.PACKAGE_MALFORMED;

import io.vmmig.error.Problem;
import java.util.List;

/** What can be wrong with the domain XML, and with libvirt's cookie. */
final class HostileDomains {
    private static final String DOMAIN = "<domain type='qemu'>";
    private static final String CLOCK = "<clock offset='utc'/>";
    private static final String CMDLINE = "<cmdline>console=ttyS0</cmdline>";
    private static final String BALLOON = "<memballoon model='virtio'/>";
    private static final String VDA = "<target dev='vda' bus='virtio'/>";

    private final Cases cases = new Cases();

    private HostileDomains() {}

    static List<HostilePackage> all() {
        HostileDomains domains = new HostileDomains();
        domains.parsers();
        domains.settings();
        domains.boot();
        domains.devices();
        domains.disks();
        domains.interfaces();
        domains.consoles();
        domains.cookies();
        return domains.cases.all();
    }

    private void xml(String what, Problem problem, String xml) {
        cases.content(what, problem, Harmless.with("libvirt.xml", xml));
    }

    private void change(String what, Problem problem, String from, String to) {
        xml(what, problem, Harmless.replaced(Harmless.XML, from, to));
    }

    private void device(String what, String device) {
        change(what, DEVICE_CANNOT_MOVE, BALLOON, device + BALLOON);
    }

    private void parsers() {
        String name = "<name>hostile-1</name>";
        String entity = Harmless.replaced(Harmless.XML, name, "<name>&x;</name>");
        xml(
                "an entity that is a file (XXE)",
                DOMAIN_UNSUPPORTED,
                "<!DOCTYPE domain [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" + entity);
        StringBuilder laughs = new StringBuilder("<!DOCTYPE domain [<!ENTITY x0 'ha'>");
        for (int i = 1; i < 30; i++) {
            laughs.append("<!ENTITY x")
                    .append(i)
                    .append(" '")
                    .append(("&x" + (i - 1) + ";").repeat(10))
                    .append("'>");
        }
        laughs.append("<!ENTITY x '&x29;'>]>");
        xml("a billion laughs", DOMAIN_UNSUPPORTED, laughs + entity);
        xml(
                "a DTD that lies elsewhere",
                DOMAIN_UNSUPPORTED,
                "<!DOCTYPE domain SYSTEM 'http://127.0.0.1:1/domain.dtd'>" + Harmless.XML);
        xml(
                "a parameter entity",
                DOMAIN_UNSUPPORTED,
                "<!DOCTYPE domain [<!ENTITY % x SYSTEM 'file:///etc/passwd'> %x;]>" + Harmless.XML);
        xml("an empty DTD", DOMAIN_UNSUPPORTED, "<!DOCTYPE domain>" + Harmless.XML);
        xml("an entity that nobody has declared", DOMAIN_UNSUPPORTED, entity);
        change(
                "a file that is included",
                DOMAIN_UNSUPPORTED,
                CLOCK,
                "<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='file:///etc/passwd' parse='text'/>");
        change("XML that is nested without end", DOMAIN_UNSUPPORTED, CLOCK, "<a>".repeat(9000) + "</a>".repeat(9000));
        change("200,000 elements", DOMAIN_UNSUPPORTED, CLOCK, "<a/>".repeat(200_000));
        StringBuilder wide = new StringBuilder("<clock");
        for (int i = 0; i < 9000; i++) {
            wide.append(" a").append(i).append("=''");
        }
        change("9,000 attributes", DOMAIN_UNSUPPORTED, CLOCK, wide + "/>");
        xml("XML 1.1", DOMAIN_UNSUPPORTED, "<?xml version='1.1'?>" + Harmless.XML);
        xml("XML that is none", DOMAIN_UNSUPPORTED, "QEMU");
        xml("XML of a network", DOMAIN_UNSUPPORTED, "<network><name>hostile-1</name></network>");
        change("another default namespace", DOMAIN_UNSUPPORTED, DOMAIN, "<domain type='qemu' xmlns='urn:x'>");
        change("a name twice", DOMAIN_UNSUPPORTED, name, name + "<name>other</name>");
        change("an element that nobody knows", DOMAIN_UNSUPPORTED, CLOCK, "<novelty/>");
        change("an attribute that nobody knows", DOMAIN_UNSUPPORTED, CLOCK, "<clock offset='utc' novelty='x'/>");
        change("text where none belongs", DOMAIN_UNSUPPORTED, CLOCK, "<clock offset='utc'>/etc/shadow</clock>");
    }

    private void settings() {
        String qemu = " xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>";
        String unseen = "<qemu:commandline><qemu:arg value='-monitor'/><qemu:arg value='tcp::1'/></qemu:commandline>";
        xml(
                "arguments of QEMU that libvirt does not see",
                DOMAIN_UNSUPPORTED,
                Harmless.replaced(Harmless.XML, DOMAIN, "<domain type='qemu'" + qemu)
                        .replace(CLOCK, unseen));
        xml(
                "properties of QEMU that libvirt does not see",
                DOMAIN_UNSUPPORTED,
                Harmless.replaced(Harmless.XML, DOMAIN, "<domain type='qemu'" + qemu)
                        .replace(CLOCK, "<qemu:override><qemu:device alias='x'/></qemu:override>"));
        change("a container", DOMAIN_UNSUPPORTED, DOMAIN, "<domain type='lxc'>");
        change("another program of the hypervisor", DOMAIN_UNSUPPORTED, CLOCK, "<bootloader>/bin/sh</bootloader>");
        change(
                "encrypted memory",
                DOMAIN_UNSUPPORTED,
                CLOCK,
                "<launchSecurity type='sev'><policy>0</policy></launchSecurity>");
        change("locked memory", DOMAIN_UNSUPPORTED, CLOCK, "<memoryBacking><locked/></memoryBacking>");
        change("memory in a file", DOMAIN_UNSUPPORTED, CLOCK, "<memoryBacking><source type='file'/></memoryBacking>");
        change(
                "weights for a disk of the host",
                DOMAIN_UNSUPPORTED,
                CLOCK,
                "<blkiotune><device><path>/dev/sda</path><weight>1</weight></device></blkiotune>");
        change(
                "real time",
                DOMAIN_UNSUPPORTED,
                CLOCK,
                "<cputune><vcpusched vcpus='0' scheduler='fifo' priority='99'/></cputune>");
        change(
                "a file of the host in the firmware's configuration",
                DOMAIN_UNSUPPORTED,
                CLOCK,
                "<sysinfo type='fwcfg'><entry name='opt/x' file='/etc/shadow'/></sysinfo>");
        change(
                "a file of the host as a time zone",
                DOMAIN_UNSUPPORTED,
                CLOCK,
                "<clock offset='timezone' timezone=':/etc/shadow'/>");
        change("dumps of memory on the host", DOMAIN_UNSUPPORTED, "destroy</on_crash>", "coredump-destroy</on_crash>");
    }

    private void boot() {
        change("firmware of its own", DEVICE_CANNOT_MOVE, CMDLINE, "<loader type='pflash'>/etc/shadow</loader>");
        change(
                "variables of firmware",
                DEVICE_CANNOT_MOVE,
                CMDLINE,
                "<nvram template='/etc/shadow'>/etc/cron.d/x</nvram>");
        change("a device tree", DOMAIN_UNSUPPORTED, CMDLINE, "<dtb>/etc/shadow</dtb>");
        change("an ACPI table", DOMAIN_UNSUPPORTED, CMDLINE, "<acpi><table type='slic'>/etc/shadow</table></acpi>");
        change("the host's serial numbers", DOMAIN_UNSUPPORTED, CMDLINE, "<smbios mode='host'/>");
        change("a container's first program", DOMAIN_UNSUPPORTED, CMDLINE, "<init>/bin/sh</init>");
        change("a second kernel", DOMAIN_UNSUPPORTED, CMDLINE, "<kernel>/etc/shadow</kernel>");
    }

    private void devices() {
        device(
                "a PCI device of the host",
                "<hostdev mode='subsystem' type='pci' managed='yes'><source>"
                        + "<address domain='0' bus='0' slot='2' function='0'/></source></hostdev>");
        device("a USB device of the host", "<hostdev mode='subsystem' type='usb'/>");
        device(
                "a directory of the host",
                "<filesystem type='mount'><source dir='/'/><target dir='host'/></filesystem>");
        device("shared memory", "<shmem name='x'><model type='ivshmem-plain'/></shmem>");
        device("shared memory with a server", "<shmem name='x'><server path='/run/x.sock'/></shmem>");
        device(
                "a TPM of the host",
                "<tpm model='tpm-tis'><backend type='passthrough'><device path='/dev/tpm0'/></backend></tpm>");
        device("a smartcard of the host", "<smartcard mode='host'/>");
        device("certificates of the host", "<smartcard mode='host-certificates'><database>/etc</database></smartcard>");
        device(
                "memory in a file of the host",
                "<memory model='nvdimm'><source><path>/etc/shadow</path></source></memory>");
        device("NVRAM", "<nvram><address type='spapr-vio' reg='0x3000'/></nvram>");
        device("a socket between guests", "<vsock model='virtio'><cid auto='no' address='3'/></vsock>");
        device("crash logs on the host", "<pstore backend='acpi-erst'><path>/etc/cron.d/x</path></pstore>");
        device("a lock on the host", "<lease><lockspace>x</lockspace><key>y</key><target path='/etc/x'/></lease>");
        device("a keyboard of the host", "<input type='evdev'><source dev='/dev/input/event0'/></input>");
        device(
                "an input device of the host",
                "<input type='passthrough' bus='virtio'><source evdev='/dev/x'/></input>");
        device("randomness from a file", "<rng model='virtio'><backend model='random'>/etc/shadow</backend></rng>");
        device(
                "randomness from a peer",
                "<rng model='virtio'><backend model='egd' type='tcp'><source mode='connect' host='1.2.3.4'/></backend></rng>");
        device("a watchdog that dumps memory", "<watchdog model='itco' action='dump'/>");
        device("a display on the host's screen", "<graphics type='sdl' display=':0' xauth='/root/.Xauthority'/>");
        device(
                "a display on the host's GPU",
                "<graphics type='spice'><gl enable='yes' rendernode='/dev/dri/x'/></graphics>");
        device("a video card in another process", "<video><driver name='vhostuser'/><model type='virtio'/></video>");
        device("sound into a file", "<audio id='1' type='file' path='/etc/cron.d/x'/>");
        device("sound through a server", "<audio id='1' type='pulseaudio' serverName='/run/x'/>");
        device(
                "redirected USB from a host",
                "<redirdev bus='usb' type='tcp'><source mode='connect' host='1.2.3.4'/></redirdev>");
        device("a device that nobody knows", "<novelty/>");
        change("a second emulator", DEVICE_CANNOT_MOVE, BALLOON, "<emulator>/bin/sh</emulator>" + BALLOON);
    }

    private void disk(String what, String from, String to) {
        change(what, DISK_UNSUPPORTED, from, to);
    }

    private void disks() {
        String vdb = "<target dev='vdb' bus='virtio'/>";
        disk("a second source of a disk", VDA, VDA + "<source file='/etc/shadow'/>");
        disk("a second driver of a disk", vdb, vdb + "<driver name='qemu' type='qcow2'/>");
        change("raw bytes as qcow2", PACKAGE_MALFORMED, "type='raw'", "type='qcow2'");
        disk("a format that is guessed from a socket", VDA, VDA + "<source protocol='nbd' name='x'/>");
        disk("an encrypted disk", VDA, VDA + "<encryption format='luks'><secret type='passphrase'/></encryption>");
        disk("a transient disk", VDA, VDA + "<transient/>");
        disk("a disk with a password", VDA, VDA + "<auth username='x'><secret type='ceph' usage='y'/></auth>");
        disk("a disk that is copied elsewhere", VDA, VDA + "<mirror type='file' file='/etc/cron.d/x'/>");
        disk(
                "commands for a disk of the host",
                "<disk type='file' device='disk'>",
                "<disk type='file' device='disk' rawio='yes'>");
        more(
                "a disk of the network",
                "<disk type='network'><source protocol='iscsi' name='x'/><target dev='vdc'/></disk>");
        more("a disk of the host", "<disk type='block'><source dev='/dev/sda'/><target dev='vdc'/></disk>");
        more("a directory as a disk", "<disk type='dir'><source dir='/etc'/><target dev='vdc'/></disk>");
        more("a volume of a pool", "<disk type='volume'><source pool='x' volume='y'/><target dev='vdc'/></disk>");
        more("an NVMe drive of the host", "<disk type='nvme'><source type='pci'/><target dev='vdc'/></disk>");
        more("a disk in another process", "<disk type='vhostuser'><source type='unix' path='/run/x'/></disk>");
        change(
                "a file of the host as a third disk",
                PACKAGE_MALFORMED,
                BALLOON,
                "<disk type='file'><source file='/etc/shadow'/><target dev='vdc'/></disk>" + BALLOON);
    }

    private void more(String what, String disk) {
        change(what, DISK_UNSUPPORTED, BALLOON, disk + BALLOON);
    }

    private void interfaces() {
        device("user networking", "<interface type='user'/>");
        device(
                "a socket for networking",
                "<interface type='vhostuser'><source type='unix' path='/run/x.sock'/></interface>");
        device(
                "a network card of the host",
                "<interface type='direct'><source dev='eth0' mode='passthrough'/></interface>");
        device("a device for networking", "<interface type='ethernet'><script path='/etc/x'/></interface>");
        device("a PCI network card of the host", "<interface type='hostdev'/>");
        device(
                "a connection for networking",
                "<interface type='server'><source address='0.0.0.0' port='1'/></interface>");
        device(
                "a bridge that the destination has not named",
                "<interface type='bridge'><source bridge='br0'/></interface>");
        device("a network that it has not named", "<interface type='network'><source network='default'/></interface>");
        interfaceWith("a program for a bridge", "<script path='/bin/sh'/>");
        interfaceWith("a device behind a bridge", "<backend tap='/dev/net/tun' vhost='/dev/vhost-net'/>");
        interfaceWith("a ROM from a file", "<rom file='/etc/shadow'/>");
        interfaceWith("another VLAN", "<vlan trunk='yes'><tag id='1'/></vlan>");
        interfaceWith("a port of a virtual switch", "<virtualport type='openvswitch'/>");
    }

    private void interfaceWith(String what, String element) {
        device(what, "<interface type='bridge'><source bridge='br0'/>" + element + "</interface>");
    }

    private void consoles() {
        String serial = "<serial type='file'>";
        for (String type : List.of("tcp", "udp", "dev", "pipe", "stdio", "vc", "nmdm", "spiceport", "dbus")) {
            change("a serial port of type " + type, DEVICE_CANNOT_MOVE, serial, "<serial type='" + type + "'>");
        }
        String source = "<source path='/srv/console.log'/>";
        change("a second source of a serial port", DEVICE_CANNOT_MOVE, source, source + source);
        device(
                "a channel to a service of the host",
                "<channel type='unix'><source mode='connect' path='/run/x'/></channel>");
        device(
                "a channel that forwards",
                "<channel type='unix'><target type='guestfwd' address='10.0.2.1' port='1'/></channel>");
        device("a console in a file descriptor", "<console type='fd'/>");
    }

    private void cookies() {
        cookie("a cookie that is none", "<domain/>");
        cookie("a cookie with something in it that nobody knows", "<cookie><novelty path='/etc/shadow'/></cookie>");
        cookie(
                "an entity in the cookie",
                "<!DOCTYPE cookie [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><cookie>&x;</cookie>");
        cookie(
                "a cookie that is nested without end",
                "<cookie>" + "<a>".repeat(5000) + "</a>".repeat(5000) + "</cookie>");
        cookie("a cookie that is not XML", "{}");
    }

    private void cookie(String what, String cookie) {
        cases.content(what, DOMAIN_UNSUPPORTED, Harmless.with("libvirt-cookie.xml", cookie));
    }
}
