// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Balloon;
import io.vmmig.libvirt.binding.DomainView;
import io.vmmig.libvirt.binding.MemoryStatistics;
import io.vmmig.xml.Xml;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.w3c.dom.Element;

/** The virtio balloon of a guest. */
record LibvirtBalloon(GuestCalls guest) implements Balloon {
    private static final Logger LOG = LoggerFactory.getLogger(LibvirtBalloon.class);
    private static final long POLL_MILLIS = 100;

    @Override
    public long sizeBytes() throws VmmigException {
        return statistics()
                .sizeBytes()
                .orElseThrow(() -> new HypervisorException(
                        Problem.HYPERVISOR_FAILED,
                        "libvirt does not report how much memory " + guest.name() + " has",
                        ""));
    }

    private MemoryStatistics statistics() throws VmmigException {
        return guest.call("read the memory statistics of", DomainView::memoryStatistics);
    }

    @Override
    public OptionalLong freeBytes(Duration atMost) throws VmmigException {
        long end = System.nanoTime() + atMost.toNanos();
        long before = statistics().updated();
        int period = period(guest.call("read the XML of", DomainView::xml));
        setPeriod(
                1,
                guest.then(
                        "leave the statistics of " + guest.name() + " as they were",
                        domain -> domain.setMemoryStatisticsPeriod(period)));
        try {
            while (System.nanoTime() - end < 0) {
                MemoryStatistics now = statistics();
                if (now.updated() > before && now.unusedBytes().isPresent()) {
                    return now.unusedBytes();
                }
                TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            resetPeriod(period);
        }
        return OptionalLong.empty();
    }

    private void resetPeriod(int seconds) {
        try {
            setPeriod(seconds, new Late.Stays("that is the original state"));
        } catch (VmmigException e) {
            LOG.warn("{}: its memory statistics are still collected every second", guest.name(), e);
        }
    }

    private void setPeriod(int seconds, Late late) throws VmmigException {
        guest.change("ask for the memory statistics of", late, domain -> domain.setMemoryStatisticsPeriod(seconds));
    }

    /** How often a guest's driver reports memory statistics, in seconds; 0 for never. */
    static int period(String domainXml) throws HypervisorException {
        try {
            for (Element balloon : LibvirtXml.devices(LibvirtXml.parse(domainXml), "memballoon")) {
                return Xml.child(balloon, "stats").isEmpty()
                        ? 0
                        : Integer.parseInt(Xml.attribute(balloon, "stats", "period"));
            }
            return 0;
        } catch (NumberFormatException e) {
            throw new HypervisorException(
                    Problem.HYPERVISOR_FAILED, "libvirt gave no period of statistics: " + e.getMessage(), "", e);
        }
    }

    @Override
    public void resize(long bytes) throws VmmigException {
        long before = sizeBytes();
        guest.change(
                "set the memory of",
                bytes >= before
                        ? new Late.Stays("the guest has the memory that it should have")
                        // The caller that abandoned this does not know that the balloon was inflated.
                        : guest.then("give " + guest.name() + " its memory back", domain -> domain.setMemory(before)),
                domain -> domain.setMemory(bytes));
    }
}
