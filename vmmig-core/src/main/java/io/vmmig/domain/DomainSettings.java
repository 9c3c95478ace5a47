// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * How a guest is to differ at the destination from what it was at the source. Immutable; each method gives a changed copy.
 *
 * <pre>
 *   DomainSettings.asSaved().named("web-2").withNewUuid().bridge("br0", "br7")
 * </pre>
 *
 * <p>What is not set stays as saved, apart from paths: every file of the guest goes to the directory that the receiver was
 * given, and sockets without a path of their own here are placed there too; and bridges and networks, which have to be
 * named. Where a guest's display listens, and with which password, is for libvirt's own settings on the host, or for
 * {@link #editedBy}.
 *
 * <p>What takes a path throws a {@link VmmigException} with {@link Problem#REQUEST_INVALID} unless it is absolute.
 */
public final class DomainSettings {
    private static final DomainSettings AS_SAVED =
            new DomainSettings(null, null, null, Map.of(), Map.of(), false, null, UnaryOperator.identity());

    private final @Nullable String name;
    private final @Nullable UUID uuid;
    private final @Nullable UUID generationId;
    private final Map<String, Path> paths;
    private final Map<String, String> networks;
    private final boolean keepingNetworks;
    private final @Nullable Boolean linksDown;
    private final UnaryOperator<String> editor;

    private DomainSettings(
            @Nullable String name,
            @Nullable UUID uuid,
            @Nullable UUID generationId,
            Map<String, Path> paths,
            Map<String, String> networks,
            boolean keepingNetworks,
            @Nullable Boolean linksDown,
            UnaryOperator<String> editor) {
        this.name = name;
        this.uuid = uuid;
        this.generationId = generationId;
        this.paths = paths;
        this.networks = networks;
        this.keepingNetworks = keepingNetworks;
        this.linksDown = linksDown;
        this.editor = editor;
    }

    /** Nothing but the paths changes. */
    public static DomainSettings asSaved() {
        return AS_SAVED;
    }

    /** The guest gets this name. */
    public DomainSettings named(String name) {
        return new DomainSettings(name, uuid, generationId, paths, networks, keepingNetworks, linksDown, editor);
    }

    /** The guest gets this uuid. The guest itself still sees the one that it had, until it reboots. */
    public DomainSettings withUuid(UUID uuid) {
        return new DomainSettings(name, uuid, generationId, paths, networks, keepingNetworks, linksDown, editor);
    }

    /** As {@link #withUuid}, with a random one that is made now. */
    public DomainSettings withNewUuid() {
        return withUuid(UUID.randomUUID());
    }

    /**
     * A guest with a generation ID gets this one. Without this it keeps the one that it has when it moves, and gets a random one when
     * it is a copy.
     */
    public DomainSettings withGenerationId(UUID generationId) {
        return new DomainSettings(name, uuid, generationId, paths, networks, keepingNetworks, linksDown, editor);
    }

    /** The active image of a disk goes to this absolute path, which must not exist yet. */
    public DomainSettings diskAt(String target, Path image) throws VmmigException {
        return withPath("disk " + target, image);
    }

    /** The serial port of that number writes to this file, or listens on this socket, whichever the domain XML says. */
    public DomainSettings serialAt(int port, Path path) throws VmmigException {
        return withPath("serial " + port, path);
    }

    /** The channel of that name (such as {@code org.qemu.guest_agent.0}) listens on this socket. */
    public DomainSettings channelAt(String channel, Path socket) throws VmmigException {
        return withPath("channel " + channel, socket);
    }

    /** The domain boots this kernel from its next start on, whatever the package holds. */
    public DomainSettings kernelAt(Path kernel) throws VmmigException {
        return withPath("kernel", kernel);
    }

    /** The domain boots this ramdisk from its next start on, whatever the package holds. */
    public DomainSettings ramdiskAt(Path ramdisk) throws VmmigException {
        return withPath("ramdisk", ramdisk);
    }

    /** This program runs the guest, rather than the emulator that the host's capabilities name. */
    public DomainSettings emulatedBy(Path emulator) throws VmmigException {
        return withPath("emulator", emulator);
    }

    /** Interfaces on the bridge {@code from} go to the bridge {@code to}. */
    public DomainSettings bridge(String from, String to) {
        return withNetwork("bridge " + from, to);
    }

    /** Interfaces on the libvirt network {@code from} go to the network {@code to}. */
    public DomainSettings network(String from, String to) {
        return withNetwork("network " + from, to);
    }

    /**
     * Interfaces for which no other bridge or network is set go to the one of the same name as at the source. Without this
     * a guest with such an interface is refused: which network it may be on is not for the source to say.
     */
    public DomainSettings keepingNetworks() {
        return new DomainSettings(name, uuid, generationId, paths, networks, true, linksDown, editor);
    }

    /**
     * The links of all interfaces are down until somebody sets them up, as with {@code virsh domif-setlink}. So it is without this for a
     * guest that is restored from a stored package under another uuid: it is a copy, has the MAC addresses of its original, and keeps
     * them until it is shut down and its definition changed.
     */
    public DomainSettings withLinksDown() {
        return new DomainSettings(name, uuid, generationId, paths, networks, keepingNetworks, true, editor);
    }

    /** The links of all interfaces are as they were at the source, also those of a copy. */
    public DomainSettings withLinksAsSaved() {
        return new DomainSettings(name, uuid, generationId, paths, networks, keepingNetworks, false, editor);
    }

    /**
     * The last word: gets the adapted domain XML and returns the one to use, which no policy looks at again. It gets the running XML
     * and, apart from that, the guest's definition, if it has one that differs. If it changes anything that QEMU would refuse
     * to restore into, such as the machine type, the memory size or a device of the running XML, the guest is not accepted.
     */
    public DomainSettings editedBy(UnaryOperator<String> editor) {
        return new DomainSettings(name, uuid, generationId, paths, networks, keepingNetworks, linksDown, editor);
    }

    private DomainSettings withPath(String key, Path path) throws VmmigException {
        if (!path.isAbsolute()) {
            throw VmmigException.of(
                    Problem.REQUEST_INVALID,
                    "not an absolute path for " + key + ": " + path,
                    "Give it from the root on.");
        }
        return new DomainSettings(
                name, uuid, generationId, with(paths, key, path), networks, keepingNetworks, linksDown, editor);
    }

    private DomainSettings withNetwork(String key, String to) {
        return new DomainSettings(
                name, uuid, generationId, paths, with(networks, key, to), keepingNetworks, linksDown, editor);
    }

    private static <V> Map<String, V> with(Map<String, V> map, String key, V value) {
        Map<String, V> copy = new HashMap<>(map);
        copy.put(key, value);
        return Map.copyOf(copy);
    }

    /** The name that the guest gets, or empty for the one that it has. */
    public Optional<String> name() {
        return Optional.ofNullable(name);
    }

    /** The uuid that the guest gets, or empty for the one that it has. */
    public Optional<UUID> uuid() {
        return Optional.ofNullable(uuid);
    }

    /** The generation ID that the guest gets if it has one, or empty if that was not set. */
    public Optional<UUID> generationId() {
        return Optional.ofNullable(generationId);
    }

    /** Where the active image of a disk goes, if that was set. */
    public Optional<Path> disk(String target) {
        return path("disk " + target);
    }

    /** The kernel to boot from the next start on, if that was set. */
    public Optional<Path> kernel() {
        return path("kernel");
    }

    /** The ramdisk to boot from the next start on, if that was set. */
    public Optional<Path> ramdisk() {
        return path("ramdisk");
    }

    /** Whether the links of all interfaces are to be down, or empty if that was not set. */
    public Optional<Boolean> linksDown() {
        return Optional.ofNullable(linksDown);
    }

    Optional<Path> emulator() {
        return path("emulator");
    }

    Optional<Path> serial(int port) {
        return path("serial " + port);
    }

    Optional<Path> channel(String channel) {
        return path("channel " + channel);
    }

    Optional<String> bridge(String from) {
        return chosenNetwork("bridge", from);
    }

    Optional<String> network(String from) {
        return chosenNetwork("network", from);
    }

    private Optional<String> chosenNetwork(String kind, String from) {
        return Optional.ofNullable(networks.getOrDefault(kind + ' ' + from, keepingNetworks ? from : null));
    }

    UnaryOperator<String> editor() {
        return editor;
    }

    private Optional<Path> path(String key) {
        return Optional.ofNullable(paths.get(key));
    }
}
