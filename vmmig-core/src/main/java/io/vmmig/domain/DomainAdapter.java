// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import io.vmmig.error.IncompatibleException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.files.FileNames;
import io.vmmig.hypervisor.HostCapabilities;
import io.vmmig.hypervisor.HostCapabilities.Emulator;
import io.vmmig.json.Malformed;
import io.vmmig.xml.Xml;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.w3c.dom.Element;

/**
 * Maps a saved domain XML to the one that the destination uses, and records every change. The destination chooses every path of
 * the result. Not thread-safe; one adapter adapts one domain.
 */
public final class DomainAdapter {
    /** {@code sockaddr_un} has 108 bytes for a path, including the NUL. */
    private static final int MAX_SOCKET_PATH_BYTES = 107;

    /**
     * A machine type of upstream QEMU, such as pc-q35-7.2; distributions have their own, such as pc-q35-jammy or
     * pc-q35-rhel9.4.0.
     */
    private static final Pattern VERSIONED = Pattern.compile("[a-z0-9-]+-[0-9]+\\.[0-9]+");

    private final HostCapabilities host;
    private final DomainSettings settings;
    private final GuestFiles files;
    private final DomainPolicy policy;
    private final Set<String> chosen = new HashSet<>();
    private final List<DomainChange> changes = new ArrayList<>();

    /** An adapter for one domain on one host, by the standard policy. */
    public DomainAdapter(HostCapabilities host, DomainSettings settings, GuestFiles files) {
        this(host, settings, files, DomainPolicy.standard());
    }

    /** An adapter for one domain on one host. */
    public DomainAdapter(HostCapabilities host, DomainSettings settings, GuestFiles files, DomainPolicy policy) {
        this.policy = policy;
        this.host = host;
        this.settings = settings;
        this.files = files;
    }

    /**
     * The domain for this host. The result is serialized from the checked tree, and its text is parsed and checked again: it
     * contains no path, bridge or network from the package.
     *
     * @throws VmmigException with {@link Problem#ARCHITECTURE_UNSUPPORTED}, {@link Problem#MACHINE_UNSUPPORTED}, {@link
     *     Problem#DEVICE_CANNOT_MOVE}, {@link Problem#DISK_UNSUPPORTED}, {@link Problem#DOMAIN_UNSUPPORTED} or {@link
     *     Problem#DOMAIN_CHANGE_IMPOSSIBLE}; nothing has been changed
     */
    public AdaptedDomain adapt(DomainXml saved) throws VmmigException {
        DomainXml edited = edit(rewrite(saved));
        GuestHardware.of(saved).requireSame(GuestHardware.of(edited));
        return new AdaptedDomain(edited, changes);
    }

    /**
     * The definition for this host, by the same rules. Its hardware may differ, since nothing is restored into it.
     *
     * @param running the adapted running guest
     * @throws VmmigException as {@link #adapt}
     */
    public static AdaptedDomain adapt(
            DomainDefinition definition,
            AdaptedDomain running,
            HostCapabilities host,
            DomainSettings settings,
            GuestFiles files,
            DomainPolicy policy)
            throws VmmigException {
        DomainPolicy.requireNone(definition.obstacles());
        DomainAdapter adapter = new DomainAdapter(host, settings, definition.files(files), policy);
        DomainXml edited = adapter.edit(adapter.rewrite(definition.carried()));
        if (!edited.name().equals(running.domain().name())
                || !edited.uuid().equals(running.domain().uuid())) {
            throw new IncompatibleException(
                    Problem.DOMAIN_CHANGE_IMPOSSIBLE,
                    "the guest's definition and the running guest would have different names or uuids",
                    "Make the editor of DomainSettings set the same in both.");
        }
        return new AdaptedDomain(edited, adapter.changes);
    }

    private DomainXml rewrite(DomainXml saved) throws VmmigException {
        DomainXml adapted = saved.copy();
        policy.requireMovable(adapted);
        List<DomainXml.Disk> disks = adapted.disks();
        recordHostsOwn(adapted);
        Set<String> dropped = policy.drop(adapted);
        adaptIdentity(adapted);
        adaptBootFile(adapted.os(), "kernel", settings.kernel().orElse(files.kernel()));
        adaptBootFile(adapted.os(), "initrd", settings.ramdisk().orElse(files.ramdisk()));
        adaptEmulator(adapted);
        for (Element device : adapted.devices()) {
            adaptDevice(device, disks);
        }
        dropped.forEach(name -> changes.add(new DomainChange(name, "as at the source", null)));
        DomainXml written = adapted.rewritten();
        policy.requireChosen(written, chosen);
        return written;
    }

    /** The user may have chosen these; libvirt on this host chooses its own. */
    private void recordHostsOwn(DomainXml domain) throws VmmigException {
        for (Element display : domain.devices("graphics")) {
            String where = "graphics " + display.getAttribute("type");
            if (!display.getAttribute("autoport").equals("yes")) {
                recordDropped(where + " port", display.getAttribute("port"));
                recordDropped(where + " TLS port", display.getAttribute("tlsPort"));
            }
            recordDropped(where + " web socket", display.getAttribute("websocket"));
            recordDropped(where + " socket", display.getAttribute("socket"));
            if (!display.getAttribute("listen").equals("127.0.0.1")) {
                recordDropped(where + " address", display.getAttribute("listen"));
            }
            recordDropped(where + " password's end", display.getAttribute("passwdValidTo"));
        }
        for (Element device : domain.devices("interface")) {
            String target = Xml.attribute(device, "target", "dev");
            if (!target.startsWith("vnet")) {
                recordDropped("interface " + Xml.attribute(device, "mac", "address") + " host device", target);
            }
        }
    }

    private void recordDropped(String where, String value) {
        if (!value.isEmpty() && !value.equals("-1")) {
            changes.add(new DomainChange(where, value, null));
        }
    }

    private void adaptIdentity(DomainXml domain) throws VmmigException {
        if (settings.name().isPresent()) {
            setText(domain.root(), "name", "name", settings.name().get());
        }
        if (settings.uuid().isPresent()) {
            setText(domain.root(), "uuid", "uuid", settings.uuid().get().toString());
        }
        if (settings.generationId().isPresent()
                && Xml.child(domain.root(), "genid").isPresent()) {
            // The guest's final ID is known, and reported, once the hypervisor has restored it.
            Xml.childOrNew(domain.root(), "genid")
                    .setTextContent(settings.generationId().get().toString());
        }
    }

    private void adaptBootFile(Element os, String tag, @Nullable Path file) {
        if (file != null && Xml.child(os, tag).isPresent()) {
            setText(os, tag, tag, choose(file));
        }
    }

    private void adaptEmulator(DomainXml domain) throws VmmigException {
        String architecture = domain.architecture();
        String type = domain.domainType();
        Emulator emulator = host.emulator(architecture, type)
                .orElseThrow(() -> new IncompatibleException(
                        Problem.ARCHITECTURE_UNSUPPORTED,
                        "host " + host.hostName() + " has no emulator for " + architecture + " guests of type " + type,
                        "Install the QEMU system emulator for " + architecture + " there."));
        if (!emulator.machines().contains(domain.machine())) {
            throw new IncompatibleException(
                    Problem.MACHINE_UNSUPPORTED,
                    "QEMU " + host.hypervisorVersion() + " on host " + host.hostName()
                            + " does not know the machine type " + domain.machine(),
                    remedy(domain.machine()));
        }
        Path program = settings.emulator().orElse(Path.of(emulator.path()));
        setText(domain.devicesElement(), "emulator", "emulator", choose(program));
    }

    private static String remedy(String machine) {
        return VERSIONED.matcher(machine).matches()
                ? "Use a destination whose QEMU is at least as new as the source's."
                : "Only one distribution's QEMU has that type: use a destination with the same distribution, or shut"
                        + " the guest down, give it an upstream type that both ends have (virsh edit; such as pc-q35-7.2,"
                        + " see virsh capabilities), and start it again.";
    }

    private void adaptDevice(Element device, List<DomainXml.Disk> disks) throws VmmigException {
        switch (device.getTagName()) {
            case "disk" -> adaptDisk(device, disks);
            case "graphics" -> adaptDisplay(device);
            case "serial", "parallel", "console", "channel" -> adaptCharacterDevice(device);
            case "interface" -> adaptInterface(device);
            default -> {}
        }
    }

    private void adaptDisk(Element disk, List<DomainXml.Disk> disks) {
        String target = Xml.attribute(disk, "target", "dev");
        Path image = files.disks().get(target);
        if (image != null) {
            setAttribute(Xml.childOrNew(disk, "source"), "file", "disk " + target + " source", choose(image));
        }
        // A format must not be guessed from content that a guest may have written.
        for (DomainXml.Disk known : disks) {
            if (known.target().equals(target)) {
                Element driver = Xml.childOrNew(disk, "driver");
                driver.setAttribute("name", "qemu");
                driver.setAttribute("type", known.format().word());
            }
        }
    }

    /** Listens where this host's libvirt is configured to; a display that had a password admits nobody until it has a new one. */
    private void adaptDisplay(Element display) {
        display.setAttribute("autoport", "yes");
        if (display.hasAttribute("passwd")) {
            display.setAttribute("passwd", "");
            changes.add(new DomainChange("graphics " + display.getAttribute("type") + " password", "as saved", null));
        }
    }

    private void adaptCharacterDevice(Element device) throws VmmigException {
        Optional<Element> source = Xml.child(device, "source");
        String where = nameOf(device);
        switch (device.getAttribute("type")) {
            case "file" ->
                setAttribute(Xml.childOrNew(device, "source"), "path", where + " file", choose(fileOf(device, source)));
            case "unix" -> adaptSocket(device, source, where);
            case "qemu-vdagent" -> {} // its source has settings, but no path on the host
            default -> source.ifPresent(Xml::remove);
        }
        Optional<Element> log = Xml.child(device, "log");
        if (log.isPresent()) {
            setAttribute(log.get(), "file", where + " log", choose(inDirectory(device, ".copy.log")));
        }
    }

    private void adaptSocket(Element device, Optional<Element> source, String where) throws VmmigException {
        Optional<Path> chosen = chosenPath(device);
        if (source.isEmpty() && chosen.isEmpty()) {
            return; // libvirt chooses the path
        }
        Path socket = chosen.isPresent() ? chosen.get() : fileOf(device, source);
        if (socket.toString().getBytes(StandardCharsets.UTF_8).length > MAX_SOCKET_PATH_BYTES) {
            throw new IncompatibleException(
                    Problem.REQUEST_INVALID,
                    "the socket of " + where + " would be at a path of more than " + MAX_SOCKET_PATH_BYTES + " bytes, "
                            + socket,
                    "Choose a shorter path with DomainSettings, or a shorter directory for guests.");
        }
        Element element = Xml.childOrNew(device, "source");
        element.setAttribute("mode", "bind");
        setAttribute(element, "path", where + " socket", choose(socket));
    }

    private Path fileOf(Element device, Optional<Element> source) throws VmmigException {
        Optional<Path> chosen = chosenPath(device);
        if (chosen.isPresent()) {
            return chosen.get();
        }
        String extension = source.isPresent() && device.getAttribute("type").equals("unix") ? ".sock" : ".log";
        return inDirectory(device, extension);
    }

    private Path inDirectory(Element device, String extension) throws VmmigException {
        return files.directory().resolve(FileNames.of(nameOf(device).replace(' ', '-')) + extension);
    }

    private Optional<Path> chosenPath(Element device) throws VmmigException {
        return switch (device.getTagName()) {
            case "serial" -> settings.serial(port(device));
            case "console" -> isSerialConsole(device) ? settings.serial(port(device)) : Optional.empty();
            case "channel" -> settings.channel(Xml.attribute(device, "target", "name"));
            default -> Optional.empty();
        };
    }

    /** The name of a character device; a console that mirrors a serial port has the port's name, since both must agree. */
    private static String nameOf(Element device) throws VmmigException {
        return switch (device.getTagName()) {
            case "channel" -> "channel " + Xml.attribute(device, "target", "name");
            case "console" -> (isSerialConsole(device) ? "serial " : "console ") + port(device);
            default -> device.getTagName() + " " + port(device);
        };
    }

    private static boolean isSerialConsole(Element console) {
        return Xml.attribute(console, "target", "type").equals("serial");
    }

    private static int port(Element device) throws VmmigException {
        String port = Xml.attribute(device, "target", "port");
        try {
            return port.isEmpty() ? 0 : Integer.parseInt(port);
        } catch (NumberFormatException e) {
            throw new IncompatibleException(
                    Problem.DOMAIN_UNSUPPORTED,
                    "a " + device.getTagName() + " has the impossible port \"" + port + "\"",
                    "Give the XML as libvirt prints it for a running domain.",
                    e);
        }
    }

    private void adaptInterface(Element device) throws VmmigException {
        String mac = Xml.attribute(device, "mac", "address");
        if (settings.linksDown().orElse(false)) {
            setAttribute(Xml.childOrNew(device, "link"), "state", "interface " + mac + " link", "down");
        }
        Optional<Element> source = Xml.child(device, "source");
        if (source.isEmpty()) {
            return;
        }
        String kind = device.getAttribute("type");
        // A live interface on a network also names the bridge that the source's libvirt chose.
        source.get().removeAttribute(kind.equals("bridge") ? "network" : "bridge");
        String from = source.get().getAttribute(kind);
        Optional<String> to = settings.replacement(kind.equals("bridge") ? kind : "network", from);
        if (to.isEmpty()) {
            throw new IncompatibleException(
                    Problem.DEVICE_CANNOT_MOVE,
                    "the interface " + mac + " was on the " + kind + " " + Malformed.quoted(from)
                            + ", but no replacement on this host is configured",
                    "Set one with DomainSettings." + kind + "(…), or keepingNetworks() if it has the same name here.");
        }
        chosen.add(to.get());
        setAttribute(source.get(), kind, "interface " + mac + " " + kind, to.get());
    }

    private DomainXml edit(DomainXml adapted) throws VmmigException {
        String before = adapted.text();
        String after = settings.editor().apply(before);
        if (after.equals(before)) {
            return adapted;
        }
        changes.add(new DomainChange("domain XML", "as adapted", "as edited by the program"));
        return DomainXml.parse(after);
    }

    /** Records that a path of the result was chosen by this host. */
    private String choose(Path path) {
        chosen.add(path.toString());
        return path.toString();
    }

    private void setText(Element parent, String tag, String where, String text) {
        Optional<Element> existing = Xml.child(parent, tag);
        record(where, existing.map(Xml::text).orElse(null), text);
        existing.orElseGet(() -> Xml.childOrNew(parent, tag)).setTextContent(text);
    }

    private void setAttribute(Element element, String attribute, String where, String value) {
        String before = element.getAttribute(attribute);
        record(where, before.isEmpty() ? null : before, value);
        element.setAttribute(attribute, value);
    }

    private void record(String where, @Nullable String before, String after) {
        DomainChange change = new DomainChange(where, before, after);
        if (!after.equals(before) && !changes.contains(change)) {
            changes.add(change);
        }
    }
}
