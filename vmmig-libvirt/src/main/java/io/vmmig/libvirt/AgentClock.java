// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.VmmigException;
import io.vmmig.libvirt.binding.DomainView;
import io.vmmig.xml.Xml;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Sets the clock of a guest through qemu-guest-agent. */
final class AgentClock {
    private static final String AGENT = "org.qemu.guest_agent.0";
    /** QEMU reports an agent some milliseconds after a restored guest has been resumed. */
    private static final Duration APPEARS = Duration.ofSeconds(1);

    private static final long POLL_MILLIS = 50;
    /** Never set a clock back, and leave small differences to NTP. */
    private static final Duration TOLERANCE = Duration.ofMillis(100);

    private AgentClock() {}

    /** Whether the clock is right now; false if no agent listens in the guest. */
    static boolean catchUp(GuestCalls guest) throws VmmigException {
        if (!agentIsThere(guest)) {
            return false;
        }
        guest.change("set the clock of", new Late.Stays("its clock is right"), domain -> {
            if (domain.time().plus(TOLERANCE).isBefore(Instant.now())) {
                domain.setTime(Instant.now());
            }
        });
        return true;
    }

    private static boolean agentIsThere(GuestCalls guest) throws VmmigException {
        long end = System.nanoTime() + APPEARS.toNanos();
        while (true) {
            Optional<Boolean> connected = connected(guest.call("read the live XML of", DomainView::liveXml));
            if (connected.isEmpty() || connected.get() || System.nanoTime() - end > 0) {
                return connected.orElse(false);
            }
            try {
                TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
    }

    /** Whether an agent listens; empty if the guest has no channel for one. */
    static Optional<Boolean> connected(String liveXml) throws HypervisorException {
        return LibvirtXml.devices(LibvirtXml.parse(liveXml), "channel").stream()
                .filter(channel -> Xml.attribute(channel, "target", "name").equals(AGENT))
                .map(channel -> Xml.attribute(channel, "target", "state").equals("connected"))
                .findFirst();
    }
}
