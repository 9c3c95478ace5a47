// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.GuestRecord;
import io.vmmig.domain.DomainChange;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.RestoredGuest;
import io.vmmig.report.Notice;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/**
 * What becomes of a restored guest at this host.
 *
 * @param running whether it is to run
 * @param autostart whether this host is to start it at boot
 * @param changes all changes to its XML
 */
record Landing(boolean running, boolean autostart, List<DomainChange> changes) {
    /** Also reports what the guest lacks here. */
    static Landing of(Arrival arrival, DestinationTransfer.Domain domain, RestoredGuest restored, Recorder recorder)
            throws VmmigException {
        AdaptedGuest guest = domain.guest();
        GuestRecord record = domain.record();
        guest.notices().forEach(recorder::notice);
        for (GuestRecord.LeftBehind left : record.leftBehind()) {
            String what = left.kind() + ' ' + left.name();
            recorder.notice(notCarried(what, "the " + what + " of the guest did not come with it", ""));
        }
        boolean autostart = record.autostart() && guest.persistent() && !arrival.copy();
        if (record.autostart() && !autostart) {
            recorder.notice(notCarried(
                    "autostart",
                    "the source starts the guest when it boots, and this host does not start its copy",
                    "If it is to, say virsh autostart " + arrival.guestName() + '.'));
        }
        List<DomainChange> changes = new ArrayList<>(guest.changes());
        if (changes.stream().anyMatch(change -> change.where().equals("metadata"))) {
            recorder.notice(notCarried(
                    "metadata",
                    "what management tools have put into the guest's metadata was left out",
                    "Set it at the destination, with virsh metadata."));
        }
        if (!arrival.sourceMayAsk() && arrival.copy()) {
            sameAddress(arrival, domain).ifPresent(recorder::notice);
        }
        generationId(domain, restored).ifPresent(change -> {
            changes.add(change);
            if (!arrival.copy() && change.before() != null) {
                recorder.notice(notCarried(
                        "generation ID",
                        "the guest's generation ID was " + change.before() + " and is " + change.after()
                                + " now, since this hypervisor makes a new one"
                                + " at each restore; so the guest believes that it was copied or set back",
                        ""));
            }
        });
        return new Landing(record.running(), autostart, changes);
    }

    private static Notice notCarried(String what, String text, String remedy) {
        return new Notice(Notice.Kind.NOT_CARRIED, what, text, remedy);
    }

    /** QEMU's state holds a guest's MAC addresses, so a copy has the same ones. */
    private static Optional<Notice> sameAddress(Arrival arrival, DestinationTransfer.Domain domain)
            throws VmmigException {
        List<String> before = domain.saved().connectedMacs();
        if (before.isEmpty()) {
            return Optional.empty();
        }
        String macs = String.join(", ", before);
        String name = arrival.guestName();
        boolean down = domain.guest().running().domain().connectedMacs().isEmpty();
        return Optional.of(new Notice(
                Notice.Kind.SAME_ADDRESS,
                macs,
                down
                        ? "the copy has the MAC address " + macs + " of its original, so its link is down"
                        : "the guest was copied while it kept running at "
                                + arrival.manifest().sourceHost()
                                + "; if it still runs, both are in the network with the MAC address " + macs,
                down
                        ? "When it cannot meet the original there, set the link up: virsh domif-setlink " + name
                                + " MAC up, and the same with --config."
                        : "Find out, and set the link of one of them down: virsh domif-setlink " + name
                                + " MAC down; DomainSettings.withLinksDown() does so from the start."));
    }

    private static Optional<DomainChange> generationId(DestinationTransfer.Domain domain, RestoredGuest restored)
            throws VmmigException {
        Optional<UUID> asked = domain.guest().running().domain().generationId();
        String before = domain.saved().generationId().map(UUID::toString).orElse(null);
        String after = restored.generationId(asked).map(UUID::toString).orElse(null);
        return Objects.equals(before, after)
                ? Optional.empty()
                : Optional.of(new DomainChange("generation ID", before, after));
    }
}
