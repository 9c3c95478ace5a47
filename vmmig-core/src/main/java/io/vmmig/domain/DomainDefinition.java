// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.json.Malformed;
import io.vmmig.xml.Xml;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.w3c.dom.Element;

/**
 * The definition of a running guest: the XML for its next start, which may differ from the live XML. Only the running guest's
 * files are moved, so a definition can move only if it names no others.
 */
public final class DomainDefinition {
    private static final String WHOSE = "the guest's definition, which its next start uses, ";
    private static final Set<String> REMOVABLE = Set.of("cdrom", "floppy");

    private final DomainXml definition;
    private final DomainXml live;
    private final Map<Path, DomainXml.Disk> liveDisks = new LinkedHashMap<>();
    private final List<Obstacle> obstacles = new ArrayList<>();
    private final List<Medium> otherMedia = new ArrayList<>();

    private DomainDefinition(DomainXml definition, DomainXml live) {
        this.definition = definition;
        this.live = live;
    }

    /**
     * A definition, with the live XML of the same guest.
     *
     * @throws VmmigException with {@link Problem#DOMAIN_UNSUPPORTED} when it is not a domain XML
     */
    public static DomainDefinition of(String definitionXml, DomainXml live, DomainPolicy policy) throws VmmigException {
        DomainDefinition definition = new DomainDefinition(DomainXml.parse(definitionXml), live);
        definition.look(policy);
        return definition;
    }

    /**
     * A medium that only the definition names.
     *
     * @param target the drive, as the XML names it
     * @param file the medium
     */
    public record Medium(String target, Path file) {}

    /** What in the definition cannot move, or the first such obstacle; empty if everything can. */
    public List<Obstacle> obstacles() {
        return List.copyOf(obstacles);
    }

    /** Media that only the definition names; {@link #carried()} leaves these drives empty. */
    public List<Medium> otherMedia() {
        return List.copyOf(otherMedia);
    }

    private void look(DomainPolicy policy) throws VmmigException {
        for (Obstacle obstacle : policy.obstaclesOf(definition)) {
            obstacles.add(new Obstacle(
                    obstacle.problem(),
                    "in the guest's definition, which its next start uses, " + obstacle.what(),
                    obstacle.remedy()));
        }
        if (!definition.name().equals(live.name()) || !definition.uuid().equals(live.uuid())) {
            add(Problem.DOMAIN_UNSUPPORTED, "is that of another guest, named " + Malformed.quoted(definition.name()));
        }
        // The code below relies on the forms that the policy allows.
        if (obstacles.isEmpty()) {
            for (DomainXml.Disk disk : live.disks()) {
                liveDisks.putIfAbsent(disk.file(), disk);
            }
            lookAtBootFile("kernel", definition.kernel(), live.kernel());
            lookAtBootFile("ramdisk", definition.ramdisk(), live.ramdisk());
            lookAtDisks();
        }
    }

    private void lookAtBootFile(String what, Optional<Path> defined, Optional<Path> running) {
        if (defined.isPresent() && !defined.equals(running)) {
            add(
                    Problem.DOMAIN_UNSUPPORTED,
                    "boots the " + what + ' ' + defined.get() + ", which the running guest has not booted, so it does"
                            + " not travel");
        }
    }

    private void lookAtDisks() throws VmmigException {
        Set<String> removable = new HashSet<>();
        for (Element disk : definition.devices("disk")) {
            if (REMOVABLE.contains(disk.getAttribute("device"))) {
                removable.add(Xml.attribute(disk, "target", "dev"));
            }
        }
        for (DomainXml.Disk disk : definition.disks()) {
            DomainXml.Disk running = liveDisks.get(disk.file());
            String name = "the disk " + disk.target() + ", " + disk.file() + ", ";
            if (running == null) {
                if (removable.contains(disk.target())) {
                    otherMedia.add(new Medium(disk.target(), disk.file()));
                } else {
                    add(
                            Problem.DISK_UNSUPPORTED,
                            "has " + name + "which the running guest does not have, so it does not move");
                }
            } else if (running.format() != disk.format()) {
                add(
                        Problem.DISK_UNSUPPORTED,
                        "uses " + name + "as " + disk.format().word() + ", and the running guest as "
                                + running.format().word());
            } else if (running.readOnly() && !disk.readOnly()) {
                add(Problem.DISK_UNSUPPORTED, "may write to " + name + "which the running guest can only read");
            }
        }
    }

    private void add(Problem problem, String what) {
        obstacles.add(new Obstacle(
                problem,
                WHOSE + what,
                "Change the definition, apply the change to the running guest as well, or allow its loss with"
                        + " Migrator.allowingLossOf(Loss.PENDING_CHANGES)."));
    }

    /** The definition to send. */
    public DomainXml carried() throws VmmigException {
        if (otherMedia.isEmpty()) {
            return definition;
        }
        DomainXml copy = definition.copy();
        for (Element disk : copy.devices("disk")) {
            if (otherMedia.stream().anyMatch(medium -> medium.target().equals(Xml.attribute(disk, "target", "dev")))) {
                Xml.child(disk, "source").ifPresent(Xml::remove);
            }
        }
        return copy.rewritten();
    }

    /**
     * The files of the definition at the destination.
     *
     * @param files those of the running guest
     */
    GuestFiles files(GuestFiles files) throws VmmigException {
        Map<String, Path> disks = new LinkedHashMap<>();
        for (DomainXml.Disk disk : definition.disks()) {
            DomainXml.Disk running = liveDisks.get(disk.file());
            Path image = running == null ? null : files.disks().get(running.target());
            if (image != null) {
                disks.put(disk.target(), image);
            }
        }
        return new GuestFiles(files.directory(), disks, files.kernel(), files.ramdisk());
    }
}
