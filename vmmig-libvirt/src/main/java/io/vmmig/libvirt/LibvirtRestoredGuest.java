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
    private final Runnable whenOver;
    private boolean over;

    LibvirtRestoredGuest(GuestCalls guest, PauseWatch watch, Runnable whenOver) {
        this.guest = guest;
        this.watch = watch;
        this.whenOver = whenOver;
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
        if (!over) {
            guest.continueRunning();
            end();
        }
    }

    @Override
    public synchronized void leavePaused() {
        if (!over) {
            end();
        }
    }

    @Override
    public synchronized void close() throws VmmigException {
        if (!over) {
            guest.remove();
            end();
        }
    }

    private void end() {
        over = true;
        try {
            watch.close();
        } finally {
            whenOver.run();
        }
    }
}
