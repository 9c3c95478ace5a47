// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.hypervisor.GuestWatch;
import io.vmmig.libvirt.binding.DomainEvent;
import java.util.ArrayList;
import java.util.List;

/**
 * The events of a guest that vmmig has not caused itself.
 *
 * @param own the events that vmmig has caused, which may become more at any time
 */
record LibvirtGuestWatch(GuestEvents events, List<DomainEvent.Kind> own) implements GuestWatch {
    @Override
    public List<Observation> observed() {
        List<DomainEvent.Kind> ours = new ArrayList<>(own);
        List<Observation> others = new ArrayList<>();
        for (DomainEvent event : events.after(0)) {
            if (!ours.remove(event.kind())) {
                others.add(new Observation(event.at(), event.words()));
            }
        }
        return others;
    }

    @Override
    public void close() {
        events.close();
    }
}
