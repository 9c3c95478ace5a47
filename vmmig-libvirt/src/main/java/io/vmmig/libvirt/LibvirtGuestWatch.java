// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.hypervisor.GuestWatch;
import io.vmmig.libvirt.binding.DomainEvent;
import java.util.ArrayList;
import java.util.List;

/** The events of a guest that vmmig has not caused itself. */
final class LibvirtGuestWatch implements GuestWatch {
    private final GuestEvents events;
    private final OwnActs own;

    LibvirtGuestWatch(GuestEvents events, OwnActs own) {
        this.events = events;
        this.own = own;
    }

    @Override
    public List<Observation> observed() {
        List<DomainEvent.Kind> ours = own.all();
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

    /** The changes that vmmig itself made to a guest. Thread-safe. */
    static final class OwnActs {
        private final List<DomainEvent.Kind> acts = new ArrayList<>();

        synchronized void add(DomainEvent.Kind act) {
            acts.add(act);
        }

        synchronized List<DomainEvent.Kind> all() {
            return new ArrayList<>(acts);
        }
    }
}
