// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import io.vmmig.bundle.ImageFormat;
import io.vmmig.error.IncompatibleException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.files.FileNames;
import io.vmmig.xml.BoundedXml;
import io.vmmig.xml.Xml;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/**
 * A domain XML, parsed without DTD, entities or anything external. Read-only outside this package.
 *
 * <p>See libvirt's "Domain XML format" for what the elements mean.
 */
public final class DomainXml {
    private final String text;
    private final Element root;

    private DomainXml(String text, Element root) {
        this.text = text;
        this.root = root;
    }

    /**
     * Parses a domain XML, and checks that it has what vmmig needs.
     *
     * @throws VmmigException with {@link Problem#DOMAIN_UNSUPPORTED} when it is not a domain XML
     */
    public static DomainXml parse(String xml) throws VmmigException {
        DomainXml domain = new DomainXml(xml, BoundedXml.parse(xml, "the domain XML"));
        domain.check();
        return domain;
    }

    private void check() throws VmmigException {
        if (!root.getTagName().equals("domain")) {
            throw unsupported("the XML is of a <" + root.getTagName() + ">, not of a <domain>", null);
        }
        name();
        uuid();
        memoryBytes();
        vcpus();
        architecture();
        machine();
    }

    private static IncompatibleException unsupported(String what, @Nullable Throwable cause) {
        return new IncompatibleException(
                Problem.DOMAIN_UNSUPPORTED, what, "Give the XML as libvirt prints it for a running domain.", cause);
    }

    /** The guest's name. */
    public String name() throws VmmigException {
        return textOf("name");
    }

    /** The guest's uuid. */
    public UUID uuid() throws VmmigException {
        try {
            return UUID.fromString(textOf("uuid"));
        } catch (IllegalArgumentException e) {
            throw unsupported("the domain XML has no proper uuid", e);
        }
    }

    /**
     * The generation ID, by which a guest notices that it was copied or rolled back; empty if it has none, or if libvirt should
     * generate it.
     */
    public Optional<UUID> generationId() throws VmmigException {
        Optional<String> text = Xml.child(root, "genid").map(Xml::text).filter(t -> !t.isEmpty());
        try {
            return text.map(UUID::fromString);
        } catch (IllegalArgumentException e) {
            throw unsupported("the domain XML has no proper generation ID", e);
        }
    }

    /** A copy with another {@link #generationId()}, if it has one. */
    public DomainXml withGenerationId(UUID id) throws VmmigException {
        DomainXml copy = copy();
        Optional<Element> element = Xml.child(copy.root, "genid");
        if (element.isEmpty()) {
            return this;
        }
        element.get().setTextContent(id.toString());
        return copy.rewritten();
    }

    /** {@code kvm} or {@code qemu}. */
    public String domainType() {
        return root.getAttribute("type");
    }

    /** Libvirt's name of the architecture, such as {@code x86_64}. */
    public String architecture() throws VmmigException {
        return osType().getAttribute("arch");
    }

    /** The machine type, such as {@code pc-q35-7.2}. */
    public String machine() throws VmmigException {
        return osType().getAttribute("machine");
    }

    /** The CPU model, if the XML names one. */
    public Optional<String> cpuModel() {
        return Xml.child(root, "cpu").flatMap(cpu -> Xml.child(cpu, "model")).map(Xml::text);
    }

    /** The guest's memory, in bytes. */
    public long memoryBytes() throws VmmigException {
        return bytes(Xml.child(root, "memory").orElseThrow(() -> missing("memory")));
    }

    /** The memory without the balloon, in bytes. */
    public long currentMemoryBytes() throws VmmigException {
        Optional<Element> current = Xml.child(root, "currentMemory");
        return current.isPresent() ? bytes(current.get()) : memoryBytes();
    }

    /** A copy with another {@link #currentMemoryBytes()}, which is rounded down to KiB. */
    public DomainXml withCurrentMemory(long bytes) throws VmmigException {
        DomainXml copy = copy();
        Element current = Xml.childOrNew(copy.root, "currentMemory");
        current.setAttribute("unit", "KiB");
        current.setTextContent(Long.toString(bytes >> 10));
        return copy.rewritten();
    }

    private static long bytes(Element memory) throws VmmigException {
        try {
            return Math.multiplyExact(Long.parseLong(Xml.text(memory)), unit(memory.getAttribute("unit")));
        } catch (NumberFormatException | ArithmeticException e) {
            throw unsupported("the domain XML has no proper memory size", e);
        }
    }

    /**
     * Why the guest's memory is not a single plain block laid out by its machine type, such as "memory devices"; empty if it is.
     */
    public Optional<String> unusualMemory() throws VmmigException {
        if (Xml.child(root, "cpu").flatMap(cpu -> Xml.child(cpu, "numa")).stream()
                .anyMatch(numa -> !Xml.children(numa).isEmpty())) {
            return Optional.of("NUMA nodes");
        }
        if (!devices("memory").isEmpty() || Xml.child(root, "maxMemory").isPresent()) {
            return Optional.of("memory devices");
        }
        if (Xml.child(root, "launchSecurity").isPresent()) {
            return Optional.of("encrypted memory");
        }
        return Xml.children(root).stream().anyMatch(DomainXml::foreign)
                ? Optional.of("settings that libvirt passes through to QEMU")
                : Optional.empty();
    }

    private static long unit(String unit) throws VmmigException {
        return switch (unit) {
            case "b", "bytes" -> 1L;
            case "", "k", "KiB" -> 1L << 10;
            case "M", "MiB" -> 1L << 20;
            case "G", "GiB" -> 1L << 30;
            case "T", "TiB" -> 1L << 40;
            default -> throw unsupported("the domain XML gives its memory in an unknown unit, \"" + unit + "\"", null);
        };
    }

    /** The number of virtual CPUs. */
    public int vcpus() throws VmmigException {
        try {
            return Integer.parseInt(textOf("vcpu"));
        } catch (NumberFormatException e) {
            throw unsupported("the domain XML has no proper number of vcpus", e);
        }
    }

    /** The kernel that is booted directly, if there is one. */
    public Optional<Path> kernel() throws VmmigException {
        return bootFile("kernel");
    }

    /** The ramdisk that is booted directly, if there is one. */
    public Optional<Path> ramdisk() throws VmmigException {
        return bootFile("initrd");
    }

    private Optional<Path> bootFile(String tag) throws VmmigException {
        Optional<String> text = Xml.child(os(), tag).map(Xml::text).filter(t -> !t.isEmpty());
        return text.isEmpty() ? Optional.empty() : Optional.of(path(text.get()));
    }

    /** The disks backed by a file, in the order of the XML, without empty drives. */
    public List<Disk> disks() throws VmmigException {
        List<Disk> disks = new ArrayList<>();
        for (Element element : devices("disk")) {
            String file = Xml.attribute(element, "source", "file");
            if (!file.isEmpty()) {
                disks.add(disk(element, path(file)));
            }
        }
        return disks;
    }

    /** The writable disks that are shared with other guests ({@code <shareable/>}), by target. */
    public Map<String, Path> sharedDisks() throws VmmigException {
        Map<String, Path> shared = new LinkedHashMap<>();
        for (Element element : devices("disk")) {
            String file = Xml.attribute(element, "source", "file");
            if (Xml.child(element, "shareable").isPresent() && !file.isEmpty() && !readOnly(element)) {
                shared.put(target(element), path(file));
            }
        }
        return shared;
    }

    /** A copy in which disks of these files are no longer {@code <shareable/>}; this one if nothing changes. */
    public DomainXml withOwn(Collection<Path> files) throws VmmigException {
        Set<String> targets = disks().stream()
                .filter(disk -> files.contains(disk.file()))
                .map(Disk::target)
                .collect(Collectors.toSet());
        DomainXml copy = copy();
        boolean changed = false;
        for (Element element : copy.devices("disk")) {
            Optional<Element> mark = Xml.child(element, "shareable");
            if (mark.isPresent() && targets.contains(target(element))) {
                Xml.remove(mark.get());
                changed = true;
            }
        }
        return changed ? copy.rewritten() : this;
    }

    static String target(Element disk) throws VmmigException {
        return Xml.child(disk, "target")
                .orElseThrow(() -> missing("disk target"))
                .getAttribute("dev");
    }

    /** The files of the writable disks, in any format. */
    public Set<Path> writableDiskFiles() throws VmmigException {
        Set<Path> files = new LinkedHashSet<>();
        for (Element element : devices("disk")) {
            String file = Xml.attribute(element, "source", "file");
            if (!file.isEmpty() && !readOnly(element)) {
                files.add(path(file));
            }
        }
        return files;
    }

    private static boolean readOnly(Element disk) {
        return disk.getAttribute("device").equals("cdrom")
                || Xml.child(disk, "readonly").isPresent();
    }

    private static Disk disk(Element element, Path file) throws VmmigException {
        String target = target(element);
        String type = Xml.attribute(element, "driver", "type");
        ImageFormat format = ImageFormat.of(type.isEmpty() ? "raw" : type)
                .orElseThrow(() -> new IncompatibleException(
                        Problem.DISK_UNSUPPORTED,
                        "disk " + target + " is of the format " + type,
                        "Convert it to qcow2 or raw."));
        return new Disk(target, file, format, readOnly(element));
    }

    /**
     * A disk that is a file.
     *
     * @param target the device's name in the XML, such as {@code vda}
     * @param file the image, absolute
     * @param format the image's format
     * @param readOnly whether it is read-only
     */
    public record Disk(String target, Path file, ImageFormat format, boolean readOnly) {}

    /** The absolute paths of sockets and files that the hypervisor creates for this guest's character devices. */
    public List<Path> outputs() throws VmmigException {
        List<Path> outputs = new ArrayList<>();
        for (Element device : devices()) {
            String type = device.getAttribute("type");
            if (type.equals("file") || type.equals("unix")) {
                addOutput(outputs, Xml.attribute(device, "source", "path"));
            }
            addOutput(outputs, Xml.attribute(device, "log", "file"));
        }
        return outputs;
    }

    private static void addOutput(List<Path> outputs, String text) throws VmmigException {
        if (!text.isEmpty() && !outputs.contains(path(text))) {
            outputs.add(path(text));
        }
    }

    /** The MAC addresses of the interfaces whose links are up. */
    public List<String> connectedMacs() throws VmmigException {
        List<String> macs = new ArrayList<>();
        for (Element device : devices("interface")) {
            boolean up = !Xml.attribute(device, "link", "state").equals("down");
            Optional<Element> mac = Xml.child(device, "mac");
            if (up && mac.isPresent()) {
                macs.add(mac.get().getAttribute("address"));
            }
        }
        return macs;
    }

    /** The original XML text. */
    public String text() {
        return text;
    }

    @Override
    public String toString() {
        return "DomainXml[" + Xml.text(root, "name") + "]";
    }

    /** A copy with a mutable tree. */
    DomainXml copy() throws VmmigException {
        return parse(text);
    }

    /** The result of changes to the tree, serialized and parsed again, so that it matches its text. */
    DomainXml rewritten() throws VmmigException {
        return parse(BoundedXml.text(root));
    }

    Element root() {
        return root;
    }

    Element os() throws VmmigException {
        return Xml.child(root, "os").orElseThrow(() -> missing("os"));
    }

    /** All devices, in order. */
    List<Element> devices() throws VmmigException {
        return Xml.children(devicesElement());
    }

    Element devicesElement() throws VmmigException {
        return Xml.child(root, "devices").orElseThrow(() -> missing("devices"));
    }

    List<Element> devices(String tag) throws VmmigException {
        return Xml.children(devicesElement(), tag);
    }

    private Element osType() throws VmmigException {
        return Xml.child(os(), "type").orElseThrow(() -> missing("os type"));
    }

    private String textOf(String tag) throws VmmigException {
        return Xml.child(root, tag).map(Xml::text).filter(t -> !t.isEmpty()).orElseThrow(() -> missing(tag));
    }

    private static IncompatibleException missing(String what) {
        return unsupported("the domain XML has no " + what, null);
    }

    static Path path(String text) throws VmmigException {
        Path path = FileNames.path(text, "the domain XML");
        if (path.isAbsolute()) {
            return path;
        }
        throw unsupported("the domain XML has a path that is not absolute, \"" + text + "\"", null);
    }

    /** Whether a node is an element of a foreign namespace, such as {@code qemu:commandline}. */
    static boolean foreign(Node node) {
        return node.getNodeName().indexOf(':') >= 0;
    }
}
