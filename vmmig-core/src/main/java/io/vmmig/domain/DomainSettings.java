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
    private static final DomainSettings AS_SAVED = new DomainSettings(Map.of(), UnaryOperator.identity());

    /** What is set, by names such as {@code uuid} and {@code disk vda}. */
    private final Map<String, Object> chosen;

    private final UnaryOperator<String> editor;

    private DomainSettings(Map<String, Object> chosen, UnaryOperator<String> editor) {
        this.chosen = chosen;
        this.editor = editor;
    }

    /** Changes nothing but the paths. */
    public static DomainSettings asSaved() {
        return AS_SAVED;
    }

    /** Sets the guest's name. */
    public DomainSettings named(String name) {
        return with("name", name);
    }

    /** Sets the guest's uuid. The guest itself sees the old one until it reboots. */
    public DomainSettings withUuid(UUID uuid) {
        return with("uuid", uuid);
    }

    /** As {@link #withUuid}, with a new random one. */
    public DomainSettings withNewUuid() {
        return withUuid(UUID.randomUUID());
    }

    /** Sets the generation ID of a guest that has one. By default a moved guest keeps its ID, and a copy gets a random one. */
    public DomainSettings withGenerationId(UUID generationId) {
        return with("generation ID", generationId);
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
        return with("bridge " + from, to);
    }

    /** Moves interfaces on the libvirt network {@code from} to the network {@code to}. */
    public DomainSettings network(String from, String to) {
        return with("network " + from, to);
    }

    /**
     * Attaches all other interfaces to the bridge or network of the same name as at the source. Without this, a guest with such
     * an interface is refused, because the source must not decide which network a guest is on.
     */
    public DomainSettings keepingNetworks() {
        return with("keeping networks", true);
    }

    /**
     * Sets the links of all interfaces down, until someone sets them up, for example with {@code virsh domif-setlink}. This is
     * the default for a guest restored from a stored package under another uuid: such a copy has the MAC addresses of the
     * original until it is shut down and its definition changed.
     */
    public DomainSettings withLinksDown() {
        return with("links down", true);
    }

    /** Keeps the links of all interfaces as they were at the source, even for a copy. */
    public DomainSettings withLinksAsSaved() {
        return with("links down", false);
    }

    /**
     * Edits the adapted domain XML last; no policy checks the result. The editor is called with the running XML and, separately,
     * with the guest's definition if that differs. If it changes what QEMU needs for the restore, such as the machine type, the
     * memory size or a device of the running XML, the guest is refused.
     */
    public DomainSettings editedBy(UnaryOperator<String> editor) {
        return new DomainSettings(chosen, editor);
    }

    private DomainSettings withPath(String key, Path path) throws VmmigException {
        if (!path.isAbsolute()) {
            throw VmmigException.of(
                    Problem.REQUEST_INVALID, "not an absolute path for " + key + ": " + path, "Use an absolute path.");
        }
        return with(key, path);
    }

    private DomainSettings with(String key, Object value) {
        Map<String, Object> more = new HashMap<>(chosen);
        more.put(key, value);
        return new DomainSettings(Map.copyOf(more), editor);
    }

    private <T> Optional<T> find(String key, Class<T> type) {
        return Optional.ofNullable(type.cast(chosen.get(key)));
    }

    /** The guest's new name; empty to keep its name. */
    public Optional<String> name() {
        return find("name", String.class);
    }

    /** The guest's new uuid; empty to keep its uuid. */
    public Optional<UUID> uuid() {
        return find("uuid", UUID.class);
    }

    /** The generation ID for a guest that has one; empty if not set. */
    public Optional<UUID> generationId() {
        return find("generation ID", UUID.class);
    }

    /** The path of a disk's active image, if set. */
    public Optional<Path> disk(String target) {
        return find("disk " + target, Path.class);
    }

    /** The kernel from the next start on, if set. */
    public Optional<Path> kernel() {
        return find("kernel", Path.class);
    }

    /** The ramdisk from the next start on, if set. */
    public Optional<Path> ramdisk() {
        return find("ramdisk", Path.class);
    }

    /** Whether to set the links of all interfaces down; empty if not set. */
    public Optional<Boolean> linksDown() {
        return find("links down", Boolean.class);
    }

    Optional<Path> emulator() {
        return find("emulator", Path.class);
    }

    Optional<Path> serial(int port) {
        return find("serial " + port, Path.class);
    }

    Optional<Path> channel(String channel) {
        return find("channel " + channel, Path.class);
    }

    /** The bridge or network for interfaces on that one; {@code kind} is {@code bridge} or {@code network}. */
    Optional<String> replacement(String kind, String from) {
        Optional<String> network = find(kind + ' ' + from, String.class);
        return network.isPresent() || !chosen.containsKey("keeping networks") ? network : Optional.of(from);
    }

    UnaryOperator<String> editor() {
        return editor;
    }
}
