// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.guest;

import io.vmmig.lab.LabException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** The domain XML of a lab guest. Immutable; each method gives a changed copy. */
public final class LabDomain {
    /** Under emulation each MiB of known content takes 20 ms to make, and 10 to check. */
    private static final String LITTLE_CONTENT = " vmmig.memory=8";

    private final GuestKind.Image image;
    private final String name;
    private final UUID uuid;
    private final int memoryMib;
    private final String parameters;
    private final List<LabDisk> disks;
    private final List<String> devices;
    private final boolean node;
    private final boolean persistent;

    private LabDomain(
            GuestKind.Image image,
            String name,
            UUID uuid,
            int memoryMib,
            String parameters,
            List<LabDisk> disks,
            List<String> devices,
            boolean node,
            boolean persistent) {
        this.image = image;
        this.name = name;
        this.uuid = uuid;
        this.memoryMib = memoryMib;
        this.parameters = parameters;
        this.disks = List.copyOf(disks);
        this.devices = List.copyOf(devices);
        this.node = node;
        this.persistent = persistent;
    }

    /** A transient guest of that name, without disks. */
    public static LabDomain of(GuestKind.Image image, String name) {
        return new LabDomain(
                image,
                name,
                UUID.randomUUID(),
                image.kind().memoryMib(),
                LITTLE_CONTENT,
                List.of(),
                List.of(),
                false,
                false);
    }

    /** With that uuid. */
    public LabDomain uuid(UUID uuid) {
        return new LabDomain(image, name, uuid, memoryMib, parameters, disks, devices, node, persistent);
    }

    /** With that much memory. */
    public LabDomain memoryMib(int mib) {
        return new LabDomain(image, name, uuid, mib, parameters, disks, devices, node, persistent);
    }

    /** With one more parameter for the guest's script, such as {@code vmmig.memory=64}. */
    public LabDomain parameter(String parameter) {
        return new LabDomain(
                image, name, uuid, memoryMib, parameters + " " + parameter, disks, devices, node, persistent);
    }

    /** With one more disk; the first is vda. */
    public LabDomain disk(LabDisk disk) {
        return new LabDomain(image, name, uuid, memoryMib, parameters, plus(disks, disk), devices, node, persistent);
    }

    /** With one more device, given as XML. */
    public LabDomain device(String xml) {
        return new LabDomain(image, name, uuid, memoryMib, parameters, disks, plus(devices, xml), node, persistent);
    }

    /** With an interface on that bridge. */
    public LabDomain bridge(String bridge) {
        return device("<interface type='bridge'><source bridge='" + bridge + "'/><model type='virtio'/></interface>");
    }

    /** With a NUMA node: vmmig cannot find the free pages of such memory. x86_64 only. */
    public LabDomain node() {
        return new LabDomain(image, name, uuid, memoryMib, parameters, disks, devices, true, persistent);
    }

    /** As a persistent guest, which its host keeps when it does not run. */
    public LabDomain kept() {
        return new LabDomain(image, name, uuid, memoryMib, parameters, disks, devices, node, true);
    }

    private static <T> List<T> plus(List<T> list, T one) {
        List<T> more = new ArrayList<>(list);
        more.add(one);
        return more;
    }

    /** The guest's name. */
    public String name() {
        return name;
    }

    /** Whether its host keeps it when it does not run. */
    public boolean persistent() {
        return persistent;
    }

    /** The XML; the guest's console and channel are in {@code directory}, which is made. */
    public String xml(Path directory) {
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw new LabException("could not make " + directory, e);
        }
        boolean arm = image.kind().architecture().equals("aarch64");
        StringBuilder xml = new StringBuilder();
        xml.append("<domain type='qemu'>\n");
        xml.append("<name>").append(name).append("</name>\n");
        xml.append("<uuid>").append(uuid).append("</uuid>\n");
        xml.append("<memory unit='MiB'>").append(memoryMib).append("</memory>\n<vcpu>1</vcpu>\n");
        xml.append("<os><type arch='").append(image.kind().architecture()).append("' machine='");
        xml.append(arm ? "virt" : "q35").append("'>hvm</type>\n");
        xml.append("<kernel>").append(image.kernel()).append("</kernel>\n");
        xml.append("<initrd>").append(image.initrd()).append("</initrd>\n");
        xml.append("<cmdline>console=").append(arm ? "ttyAMA0" : "ttyS0").append(" quiet panic=-1 cryptomgr.notests");
        xml.append(image.kind() == GuestKind.DEBIAN ? " root=/dev/vda" : "").append(parameters);
        xml.append("</cmdline></os>\n");
        if (arm) {
            xml.append("<features><gic version='2'/></features>\n");
            xml.append("<cpu mode='custom' match='exact'><model>cortex-a57</model></cpu>\n");
        }
        if (node) {
            xml.append("<cpu><numa><cell id='0' cpus='0' memory='").append(memoryMib);
            xml.append("' unit='MiB'/></numa></cpu>\n");
        }
        xml.append("<devices>\n");
        for (int i = 0; i < disks.size(); i++) {
            appendDisk(xml, disks.get(i), "vd" + (char) ('a' + i));
        }
        xml.append("<serial type='file'><source path='").append(directory.resolve("console"));
        xml.append("' append='on'/></serial>\n");
        xml.append("<channel type='unix'><source mode='bind' path='").append(directory.resolve("channel"));
        xml.append("'/><target type='virtio' name='").append(Channel.NAME).append("'/></channel>\n");
        devices.forEach(device -> xml.append(device).append('\n'));
        // Without it the guest's kernel spends a second on its first random numbers.
        xml.append("<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>\n");
        xml.append("<memballoon model='virtio'/>\n</devices>\n</domain>\n");
        return xml.toString();
    }

    private static void appendDisk(StringBuilder xml, LabDisk disk, String target) {
        xml.append("<disk type='file' device='disk'><driver name='qemu' type='").append(disk.format());
        xml.append("' discard='unmap'/><source file='")
                .append(disk.file())
                .append("'/><target dev='")
                .append(target);
        xml.append("' bus='virtio'/></disk>\n");
    }
}
