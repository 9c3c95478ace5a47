// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Interference;
import io.vmmig.hypervisor.RestoredGuest;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** A restored guest, paused. */
final class LibvirtRestoredGuest implements RestoredGuest {
    private final GuestCalls guest;
    private final PauseWatch watch;
    private final Runnable whenSettled;
    private boolean settled;

    LibvirtRestoredGuest(GuestCalls guest, PauseWatch watch, Runnable whenSettled) {
        this.guest = guest;
        this.watch = watch;
        this.whenSettled = whenSettled;
    }

    @Override
    public String name() {
        return guest.name();
    }

    @Override
    public Optional<UUID> generationId(Optional<UUID> asked) throws VmmigException {
        return asked.isEmpty() ? asked : GenerationIds.live(guest);
    }

    @Override
    public Optional<Interference> interference() throws VmmigException {
        // QEMU holds the locks of its images since it has read its state.
        return watch.look(List.of());
    }

    @Override
    public synchronized void resume() throws VmmigException {
        if (!settled) {
            guest.goOn();
            settle();
        }
    }

    @Override
    public synchronized void leavePaused() {
        if (!settled) {
            settle();
        }
    }

    @Override
    public synchronized void close() throws VmmigException {
        if (!settled) {
            guest.remove();
            settle();
        }
    }

    private void settle() {
        settled = true;
        try {
            watch.close();
        } finally {
            whenSettled.run();
        }
    }
}
