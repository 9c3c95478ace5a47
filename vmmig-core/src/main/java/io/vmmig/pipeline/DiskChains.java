// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.domain.DomainXml;
import io.vmmig.domain.LiveChain;
import io.vmmig.error.Failure;
import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import io.vmmig.error.TransportException;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Guest;
import io.vmmig.qcow2.DiskChain;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The images of a guest's disks that its hypervisor has opened. If the hypervisor does not report them, the headers of the images are used.
 */
final class DiskChains {
    private static final Logger LOG = LoggerFactory.getLogger(DiskChains.class);

    private DiskChains() {}

    /**
     * The chain of each disk of a guest that is running or paused, by target.
     *
     * @param domain the guest's domain
     */
    static Map<String, DiskChain> of(Guest guest, DomainXml domain) throws VmmigException {
        Optional<String> liveXml = guest.liveXml();
        Map<String, LiveChain> live = liveXml.isPresent() ? LiveChain.of(liveXml.get()) : Map.of();
        Map<String, DiskChain> chains = new LinkedHashMap<>();
        for (DomainXml.Disk disk : domain.disks()) {
            try {
                chains.put(disk.target(), chain(disk, live.get(disk.target())));
            } catch (TransportException e) {
                throw located(e, disk, guest.name());
            }
        }
        return chains;
    }

    /** Adds the disk to the message; for a missing medium the remedy is to eject it. */
    private static VmmigException located(TransportException e, DomainXml.Disk disk, String guest) {
        Failure failure = e.failure();
        String remedy = disk.readOnly()
                ? "Put the file back, or take the medium out: virsh change-media " + guest + " " + disk.target()
                        + " --eject."
                : failure.remedy();
        return VmmigException.of(
                failure.problem(), "disk " + disk.target() + " of the guest: " + failure.what(), remedy, e);
    }

    private static DiskChain chain(DomainXml.Disk disk, @Nullable LiveChain live) throws VmmigException {
        if (live == null) {
            return DiskChain.read(disk.file(), disk.format(), disk.readOnly());
        }
        LiveChain.Image top = live.images().get(0);
        if (!top.equals(new LiveChain.Image(disk.file(), disk.format()))) {
            throw new HypervisorException(
                    Problem.GUEST_BUSY,
                    "disk " + disk.target() + " was changed from " + disk.file() + " to " + top.file()
                            + " while it was being read",
                    "Wait until snapshots and block jobs are done, then try again.");
        }
        List<DiskChain.Used> used = live.images().stream()
                .map(image -> new DiskChain.Used(image.file(), image.format()))
                .toList();
        LOG.debug("disk {}: {}", disk.target(), live);
        return DiskChain.read(used, live.complete(), disk.readOnly());
    }

    /** The images, by path and format. */
    static List<DiskChain.Used> images(Map<String, DiskChain> chains) {
        List<DiskChain.Used> images = new ArrayList<>();
        for (DiskChain chain : chains.values()) {
            DiskChain.Image base = chain.base();
            if (base != null) {
                images.add(new DiskChain.Used(base.path(), base.format()));
            }
            chain.layers().forEach(layer -> images.add(new DiskChain.Used(layer.path(), layer.format())));
        }
        return images;
    }
}
