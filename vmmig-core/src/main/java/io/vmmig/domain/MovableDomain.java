// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import io.vmmig.Problem;
import io.vmmig.VmmigException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.w3c.dom.Element;

/**
 * Says what of a domain cannot travel. What is not known to travel cannot: a new kind of device of a newer libvirt is an
 * obstacle until someone has looked at it.
 */
public final class MovableDomain {
    private static final Set<String> MOVABLE = Set.of(
            "emulator",
            "disk",
            "controller",
            "interface",
            "serial",
            "parallel",
            "console",
            "channel",
            "input",
            "graphics",
            "video",
            "audio",
            "sound",
            "memballoon",
            "rng",
            "watchdog",
            "panic",
            "hub");

    private static final Map<String, String> KNOWN_OBSTACLES = Map.of(
            "hostdev", "a host device is bound to its host",
            "tpm", "the state of a TPM lives outside of QEMU's stream",
            "filesystem", "a shared file system lies on its host",
            "shmem", "shared memory is bound to its host",
            "nvram", "NVRAM is not carried",
            "vsock", "a vsock address is bound to its host");

    private static final Set<String> RANDOM_SOURCES = Set.of("/dev/urandom", "/dev/random");

    private final List<Obstacle> obstacles = new ArrayList<>();

    private MovableDomain() {}

    /** Everything in this domain that cannot travel; empty if it can. */
    public static List<Obstacle> obstaclesOf(DomainXml domain) throws VmmigException {
        MovableDomain check = new MovableDomain();
        check.checkRoot(domain);
        check.checkBoot(domain);
        for (Element device : domain.devices()) {
            check.checkDevice(device);
        }
        return List.copyOf(check.obstacles);
    }

    private void checkRoot(DomainXml domain) {
        for (Element element : Xml.children(domain.root())) {
            if (DomainXml.foreign(element)) {
                add(
                        Problem.DOMAIN_UNSUPPORTED,
                        "the domain has <" + element.getTagName() + ">, which passes libvirt by",
                        "Remove it, or express it in libvirt's own XML.");
            }
        }
    }

    private void checkBoot(DomainXml domain) throws VmmigException {
        for (String tag : List.of("loader", "nvram")) {
            if (Xml.child(domain.os(), tag).isPresent()
                    || !domain.os().getAttribute("firmware").isEmpty()) {
                add(
                        Problem.DEVICE_CANNOT_MOVE,
                        "the domain boots by firmware with variables of its own (" + tag + "), which are not carried",
                        "Use the machine type's built-in firmware, or boot a kernel directly.");
                return;
            }
        }
    }

    private void checkDevice(Element device) {
        String tag = device.getTagName();
        if (DomainXml.foreign(device) || !MOVABLE.contains(tag)) {
            add(
                    Problem.DEVICE_CANNOT_MOVE,
                    "device <" + tag + "> cannot move: " + KNOWN_OBSTACLES.getOrDefault(tag, "vmmig does not know how"),
                    "Detach it first.");
            return;
        }
        switch (tag) {
            case "disk" -> checkDisk(device);
            case "interface" -> checkInterface(device);
            case "serial", "parallel", "console", "channel" -> checkCharacterDevice(device);
            case "rng" -> checkRng(device);
            default -> {}
        }
    }

    private void checkDisk(Element disk) {
        String target =
                Xml.child(disk, "target").map(t -> t.getAttribute("dev")).orElse("?");
        String type = disk.getAttribute("type");
        if (!type.equals("file")) {
            add(
                    Problem.DISK_UNSUPPORTED,
                    "disk " + target + " is of the type " + type + ", and not a file",
                    "Put it on an image file, or detach it.");
        }
        boolean encrypted = Xml.child(disk, "encryption").isPresent()
                || Xml.child(disk, "source")
                        .flatMap(s -> Xml.child(s, "encryption"))
                        .isPresent();
        if (encrypted) {
            add(
                    Problem.DISK_UNSUPPORTED,
                    "disk " + target + " is encrypted by QEMU",
                    "Encrypt inside the guest instead.");
        }
        if (Xml.child(disk, "transient").isPresent()) {
            add(Problem.DISK_UNSUPPORTED, "disk " + target + " is transient", "Make it an ordinary disk.");
        }
    }

    private void checkInterface(Element device) {
        String type = device.getAttribute("type");
        if (type.equals("user")) {
            add(
                    Problem.DEVICE_CANNOT_MOVE,
                    "an interface of type user (slirp) keeps the guest's connections inside QEMU",
                    "Attach the guest to a bridge or a libvirt network.");
        } else if (!type.equals("bridge") && !type.equals("network")) {
            add(
                    Problem.DEVICE_CANNOT_MOVE,
                    "an interface of type " + type + " is bound to its host",
                    "Attach the guest to a bridge or a libvirt network.");
        }
    }

    private void checkCharacterDevice(Element device) {
        String type = device.getAttribute("type");
        Optional<String> mode = Xml.child(device, "source").map(s -> s.getAttribute("mode"));
        boolean movable =
                switch (type) {
                    case "file", "pty", "null" -> true;
                    case "unix" -> mode.isEmpty() || !mode.get().equals("connect");
                    case "spicevmc" -> device.getTagName().equals("channel");
                    default -> false;
                };
        if (!movable) {
            add(
                    Problem.DEVICE_CANNOT_MOVE,
                    "a " + device.getTagName() + " of type " + type + " is connected to something on its host",
                    "Use a file, a pty or a listening unix socket.");
        }
    }

    private void checkRng(Element rng) {
        Optional<Element> backend = Xml.child(rng, "backend");
        boolean movable = backend.isPresent()
                && (backend.get().getAttribute("model").equals("builtin")
                        || RANDOM_SOURCES.contains(Xml.text(backend.get())));
        if (!movable) {
            add(
                    Problem.DEVICE_CANNOT_MOVE,
                    "a random number generator is fed by something on its host",
                    "Feed it from /dev/urandom.");
        }
    }

    private void add(Problem problem, String what, String remedy) {
        obstacles.add(new Obstacle(problem, what, remedy));
    }
}
