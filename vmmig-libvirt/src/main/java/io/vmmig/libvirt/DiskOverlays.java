// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.domain.LiveChain;
import io.vmmig.domain.NamedPaths;
import io.vmmig.error.CancelledException;
import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.libvirt.binding.DomainEvent;
import io.vmmig.libvirt.binding.DomainState;
import io.vmmig.libvirt.binding.DomainView;
import io.vmmig.libvirt.binding.LibvirtError;
import io.vmmig.xml.Xml;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.w3c.dom.Element;

/** Overlays on a guest's disks, by external snapshots of disks only, which are committed into the images below again. */
record DiskOverlays(GuestCalls calls, GuestCalls looks, List<DomainEvent.Kind> ownActs) {
    private static final long FIRST_PAUSE_MILLIS = 10;
    private static final long LONGEST_PAUSE_MILLIS = 500;

    /** What a disk does with its overlay. */
    private enum Use {
        NONE,
        WRITES,
        COMMITS,
        /** The image below has what the overlay has, and each write goes to both. */
        COMMITTED
    }

    /** Why a disk cannot have an overlay. */
    Optional<String> obstacle() throws VmmigException {
        return looks.call("look at the disks of", domain -> {
            String liveXml = domain.liveXml();
            for (Element disk : disks(liveXml).values()) {
                Optional<String> obstacle = isWritten(disk) ? obstacle(disk, domain) : Optional.empty();
                if (obstacle.isPresent()) {
                    return obstacle;
                }
            }
            try {
                LiveChain.of(liveXml);
                return Optional.empty();
            } catch (VmmigException e) {
                return Optional.of(e.failure().what());
            }
        });
    }

    private static Optional<String> obstacle(Element disk, DomainView domain) throws LibvirtError {
        String target = target(disk);
        String device = disk.getAttribute("device");
        if (!device.isEmpty() && !device.equals("disk")) {
            return Optional.of("disk " + target + " is a " + device);
        }
        if (file(disk).isEmpty()) {
            return Optional.of("disk " + target + " is not a file");
        }
        if (Xml.child(disk, "transient").isPresent()) {
            return Optional.of("disk " + target + " is transient");
        }
        return domain.hasBlockJob(target) ? Optional.of("a block job works on disk " + target) : Optional.empty();
    }

    private static boolean isWritten(Element disk) {
        return Xml.child(disk, "readonly").isEmpty()
                && Xml.child(disk, "shareable").isEmpty();
    }

    private static Map<String, Element> disks(String domainXml) throws HypervisorException {
        Map<String, Element> disks = new LinkedHashMap<>();
        LibvirtXml.devices(LibvirtXml.parse(domainXml), "disk").forEach(disk -> disks.put(target(disk), disk));
        return disks;
    }

    private static String target(Element disk) {
        return Xml.attribute(disk, "target", "dev");
    }

    private static String file(Element disk) {
        return Xml.attribute(disk, "source", "file");
    }

    /** Puts them on the disks. */
    void add(Map<String, Path> overlays) throws VmmigException {
        requireNoneLate();
        calls.change(
                "put overlays on the disks of",
                new Late.Stays("they are not merged, and no file is deleted, before this is over"),
                domain -> {
                    Map<String, Element> disks = disks(domain.liveXml());
                    Map<String, Path> missing = new LinkedHashMap<>(overlays);
                    disks.forEach((target, disk) -> missing.remove(target, Path.of(file(disk))));
                    if (!missing.isEmpty()) {
                        domain.snapshotDisks(snapshotXml(disks.keySet(), missing));
                    }
                });
    }

    private void requireNoneLate() throws HypervisorException {
        calls.claims().requireNoneLate(calls.uuid(), calls.name());
    }

    /** libvirt makes overlays of its own for disks that are not named. */
    static String snapshotXml(Set<String> disks, Map<String, Path> overlays) {
        StringBuilder xml = new StringBuilder("<domainsnapshot><disks>");
        for (String disk : disks) {
            Path overlay = overlays.get(disk);
            xml.append("<disk name='").append(LibvirtXml.quoted(disk)).append("' snapshot='");
            if (overlay == null) {
                xml.append("no'/>");
            } else {
                xml.append("external'><driver type='qcow2'/><source file='")
                        .append(LibvirtXml.quoted(overlay.toString()))
                        .append("'/></disk>");
            }
        }
        return xml.append("</disks></domainsnapshot>").toString();
    }

    /** Commits them, one after the other, and deletes their files. */
    void merge(Map<String, Path> overlays, Duration atMost) throws VmmigException {
        requireNoneLate();
        long end = System.nanoTime() + atMost.toNanos();
        for (Map.Entry<String, Path> overlay : overlays.entrySet()) {
            try {
                merge(overlay.getKey(), overlay.getValue(), end);
            } catch (HypervisorException e) {
                boolean ended = e.problem() == Problem.GUEST_UNKNOWN || e.problem() == Problem.GUEST_NOT_RUNNING;
                if (!ended || Files.exists(overlay.getValue())) {
                    throw e;
                }
            }
        }
    }

    /** Begins wherever an earlier attempt may have ended. */
    private void merge(String target, Path overlay, long end) throws VmmigException {
        boolean begun = false;
        for (long pause = FIRST_PAUSE_MILLIS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MILLIS)) {
            switch (use(target, overlay)) {
                case NONE -> {
                    delete(overlay);
                    return;
                }
                case WRITES -> {
                    if (begun) {
                        throw new HypervisorException(
                                Problem.HYPERVISOR_FAILED,
                                "could not commit " + overlay + " into the image below it: the block job has failed",
                                "See whether its disk is full, and look at the log of the QEMU of " + calls.name()
                                        + ".");
                    }
                    commit(target, overlay);
                    begun = true;
                }
                case COMMITS -> await(target, end, pause);
                case COMMITTED ->
                    calls.change(
                            "end the commit of disk " + target + " of",
                            new Late.Stays("the overlay was to be merged"),
                            domain -> domain.pivot(target));
            }
        }
    }

    private Use use(String target, Path overlay) throws VmmigException {
        return looks.call("look at disk " + target + " of", domain -> {
            // This waits while libvirt still takes a snapshot for a program that has crashed.
            domain.hasBlockJob(target);
            Element disk = disks(domain.liveXml()).get(target);
            if (disk != null && file(disk).equals(overlay.toString())) {
                Optional<Element> mirror = Xml.child(disk, "mirror");
                if (mirror.isEmpty()) {
                    return Use.WRITES;
                }
                if (!mirror.get().getAttribute("job").equals("active-commit")) {
                    throw changed(target, "a block job of another tool works on it");
                }
                return mirror.get().getAttribute("ready").equals("yes") ? Use.COMMITTED : Use.COMMITS;
            }
            for (String xml : domain.everyXml()) {
                if (NamedPaths.in(xml).contains(overlay)) {
                    throw changed(target, "libvirt still names " + overlay + ", and not as its active image");
                }
            }
            return Use.NONE;
        });
    }

    private HypervisorException changed(String target, String why) {
        return new HypervisorException(
                Problem.GUEST_BUSY,
                "the overlay of disk " + target + " of " + calls.name() + " cannot be merged: " + why,
                "Wait until snapshots and block jobs are done, or merge it with virsh blockcommit.");
    }

    private void commit(String target, Path overlay) throws VmmigException {
        if (looks.state() == DomainState.PAUSED && !PauseWatch.isInUse(overlay)) {
            throw new HypervisorException(
                    Problem.HYPERVISOR_FAILED,
                    "the overlay of disk " + target + " of " + calls.name()
                            + " cannot be merged, because QEMU released it when the guest was saved",
                    "Resume the guest first.");
        }
        ownActs.addAll(List.of(DomainEvent.Kind.BLOCK_JOB, DomainEvent.Kind.BLOCK_JOB));
        calls.change(
                "commit disk " + target + " of",
                calls.then("cancel the commit of disk " + target + " of " + calls.name(), domain -> {
                    if (domain.hasBlockJob(target)) {
                        domain.abortBlockJob(target);
                    }
                }),
                domain -> domain.commitActive(target));
    }

    private void await(String target, long end, long pause) throws VmmigException {
        VmmigException over;
        try {
            TimeUnit.MILLISECONDS.sleep(pause);
            if (System.nanoTime() - end < 0) {
                return;
            }
            over = new HypervisorException(
                    Problem.HYPERVISOR_TIMEOUT,
                    "the overlay of disk " + target + " of " + calls.name() + " was not merged in time",
                    "Allow more time, or merge it when the guest writes less.");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            over = new CancelledException(Problem.CANCELLED, "the thread was interrupted", "", e);
        }
        try {
            calls.change(
                    "cancel the commit of disk " + target + " of",
                    new Late.Stays("nobody waits for the commit"),
                    domain -> domain.abortBlockJob(target));
        } catch (VmmigException e) {
            over.addSuppressed(e);
        }
        throw over;
    }

    private static void delete(Path overlay) throws VmmigException {
        try {
            Files.deleteIfExists(overlay);
        } catch (IOException e) {
            throw VmmigException.from(
                    e, Problem.FILE_FAILED, overlay + ", which is merged, could not be deleted", "Delete it.");
        }
    }
}
