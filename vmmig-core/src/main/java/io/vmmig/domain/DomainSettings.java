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
 * How a guest should differ at the destination from the source. Immutable; each method returns a changed copy.
 *
 * <pre>
 *   DomainSettings.asSaved().named("web-2").withNewUuid().bridge("br0", "br7")
 * </pre>
 *
 * <p>What is not set stays as saved, except for paths, bridges and networks. All files of the guest go to the receiver's
 * directory, and so do sockets whose path is not set. Bridges and networks have to be set. libvirt's own configuration on the
 * host, or {@link #editedBy}, decides where a guest's display listens, and with which password.
 *
 * <p>Methods with a path throw a {@link VmmigException} with {@link Problem#REQUEST_INVALID} unless it is absolute.
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

    /** Changes nothing but the paths. */
    public static DomainSettings asSaved() {
        return AS_SAVED;
    }

    /** Sets the guest's name. */
    public DomainSettings named(String name) {
        return new DomainSettings(name, uuid, generationId, paths, networks, keepingNetworks, linksDown, editor);
    }

    /** Sets the guest's uuid. The guest itself sees the old one until it reboots. */
    public DomainSettings withUuid(UUID uuid) {
        return new DomainSettings(name, uuid, generationId, paths, networks, keepingNetworks, linksDown, editor);
    }

    /** As {@link #withUuid}, with a new random one. */
    public DomainSettings withNewUuid() {
        return withUuid(UUID.randomUUID());
    }

    /** Sets the generation ID of a guest that has one. By default a moved guest keeps its ID, and a copy gets a random one. */
    public DomainSettings withGenerationId(UUID generationId) {
        return new DomainSettings(name, uuid, generationId, paths, networks, keepingNetworks, linksDown, editor);
    }

    /** Sets the absolute path of a disk's active image, which must not exist yet. */
    public DomainSettings diskAt(String target, Path image) throws VmmigException {
        return withPath("disk " + target, image);
    }

    /** Sets the file or the socket of a serial port, whichever the domain XML uses. */
    public DomainSettings serialAt(int port, Path path) throws VmmigException {
        return withPath("serial " + port, path);
    }

    /** Sets the socket of the channel of that name (such as {@code org.qemu.guest_agent.0}). */
    public DomainSettings channelAt(String channel, Path socket) throws VmmigException {
        return withPath("channel " + channel, socket);
    }

    /** Sets the kernel from the next start on, regardless of the package. */
    public DomainSettings kernelAt(Path kernel) throws VmmigException {
        return withPath("kernel", kernel);
    }

    /** Sets the ramdisk from the next start on, regardless of the package. */
    public DomainSettings ramdiskAt(Path ramdisk) throws VmmigException {
        return withPath("ramdisk", ramdisk);
    }

    /** Sets the emulator, instead of the one from the host's capabilities. */
    public DomainSettings emulatedBy(Path emulator) throws VmmigException {
        return withPath("emulator", emulator);
    }

    /** Moves interfaces on the bridge {@code from} to the bridge {@code to}. */
    public DomainSettings bridge(String from, String to) {
        return withNetwork("bridge " + from, to);
    }

    /** Moves interfaces on the libvirt network {@code from} to the network {@code to}. */
    public DomainSettings network(String from, String to) {
        return withNetwork("network " + from, to);
    }

    /**
     * Attaches all other interfaces to the bridge or network of the same name as at the source. Without this, a guest with such
     * an interface is refused, because the source must not decide which network a guest is on.
     */
    public DomainSettings keepingNetworks() {
        return new DomainSettings(name, uuid, generationId, paths, networks, true, linksDown, editor);
    }

    /**
     * Sets the links of all interfaces down, until someone sets them up, for example with {@code virsh domif-setlink}. This is
     * the default for a guest restored from a stored package under another uuid: such a copy has the MAC addresses of the
     * original until it is shut down and its definition changed.
     */
    public DomainSettings withLinksDown() {
        return new DomainSettings(name, uuid, generationId, paths, networks, keepingNetworks, true, editor);
    }

    /** Keeps the links of all interfaces as they were at the source, even for a copy. */
    public DomainSettings withLinksAsSaved() {
        return new DomainSettings(name, uuid, generationId, paths, networks, keepingNetworks, false, editor);
    }

    /**
     * Edits the adapted domain XML last; no policy checks the result. The editor is called with the running XML and, separately,
     * with the guest's definition if that differs. If it changes what QEMU needs for the restore, such as the machine type, the
     * memory size or a device of the running XML, the guest is refused.
     */
    public DomainSettings editedBy(UnaryOperator<String> editor) {
        return new DomainSettings(name, uuid, generationId, paths, networks, keepingNetworks, linksDown, editor);
    }

    private DomainSettings withPath(String key, Path path) throws VmmigException {
        if (!path.isAbsolute()) {
            throw VmmigException.of(
                    Problem.REQUEST_INVALID, "not an absolute path for " + key + ": " + path, "Use an absolute path.");
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

    /** The guest's new name; empty to keep its name. */
    public Optional<String> name() {
        return Optional.ofNullable(name);
    }

    /** The guest's new uuid; empty to keep its uuid. */
    public Optional<UUID> uuid() {
        return Optional.ofNullable(uuid);
    }

    /** The generation ID for a guest that has one; empty if not set. */
    public Optional<UUID> generationId() {
        return Optional.ofNullable(generationId);
    }

    /** The path of a disk's active image, if set. */
    public Optional<Path> disk(String target) {
        return path("disk " + target);
    }

    /** The kernel from the next start on, if set. */
    public Optional<Path> kernel() {
        return path("kernel");
    }

    /** The ramdisk from the next start on, if set. */
    public Optional<Path> ramdisk() {
        return path("ramdisk");
    }

    /** Whether to set the links of all interfaces down; empty if not set. */
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
