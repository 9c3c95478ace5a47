// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Interference;
import io.vmmig.hypervisor.SavedGuest;
import io.vmmig.libvirt.saveimage.SaveImagePreamble;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A paused guest, which is either resumed or retired. */
final class LibvirtSavedGuest implements SavedGuest {
    private static final Logger LOG = LoggerFactory.getLogger(LibvirtSavedGuest.class);

    private enum Fate {
        OPEN("not settled"),
        RESUMED("resumed"),
        RETIRED("retired"),
        LEFT_PAUSED("left paused"),
        ENDED_BY_OTHERS("ended by someone else");

        private final String words;

        Fate(String words) {
            this.words = words;
        }
    }

    private final GuestCalls guest;
    private final MemorySnapshot snapshot;
    private final SaveImagePreamble preamble;
    private final boolean wasRunning;
    private final Instant suspendedAt;
    private final PauseWatch watch;
    private final List<Path> images;
    private final Runnable whenSettled;
    private Fate fate = Fate.OPEN;

    LibvirtSavedGuest(
            GuestCalls guest,
            MemorySnapshot snapshot,
            SaveImagePreamble preamble,
            boolean wasRunning,
            Instant suspendedAt,
            PauseWatch watch,
            List<Path> images,
            Runnable whenSettled) {
        this.guest = guest;
        this.snapshot = snapshot;
        this.preamble = preamble;
        this.wasRunning = wasRunning;
        this.suspendedAt = suspendedAt;
        this.watch = watch;
        this.images = List.copyOf(images);
        this.whenSettled = whenSettled;
    }

    @Override
    public String domainXml() {
        return preamble.domainXml();
    }

    @Override
    public @Nullable String cookie() {
        return preamble.cookie();
    }

    @Override
    public boolean wasRunning() {
        return wasRunning;
    }

    @Override
    public Instant suspendedAt() {
        return suspendedAt;
    }

    @Override
    public InputStream memory() {
        return snapshot.stream();
    }

    @Override
    public Optional<Interference> interference() throws VmmigException {
        boolean saved = snapshot.stream().complete();
        // After the save QEMU releases the image locks.
        Optional<Interference> found = watch.look(saved ? images : List.of());
        return saved && found.isPresent() && watch.diedByItself() ? Optional.empty() : found;
    }

    @Override
    public synchronized void resume() throws VmmigException {
        if (fate == Fate.RETIRED || fate == Fate.LEFT_PAUSED || fate == Fate.ENDED_BY_OTHERS) {
            throw settledAlready();
        }
        if (fate == Fate.OPEN) {
            snapshot.abort();
            try {
                if (wasRunning && !suspendedByUser()) {
                    guest.goOn();
                }
            } catch (VmmigException e) {
                if (e.problem() != Problem.GUEST_UNKNOWN && e.problem() != Problem.GUEST_NOT_RUNNING) {
                    throw e;
                }
                settle(Fate.ENDED_BY_OTHERS);
                throw new HypervisorException(
                        Problem.GUEST_NOT_RUNNING,
                        guest.name() + " was ended during its save",
                        "Its disks are as it left them; look at the log of its QEMU.",
                        e);
            }
            settle(Fate.RESUMED);
        }
    }

    private boolean suspendedByUser() {
        try {
            return watch.suspendedByUser();
        } catch (VmmigException e) {
            LOG.debug("{}: resuming it, since libvirt cannot say who suspended it", guest.name(), e);
            return false;
        }
    }

    private void settle(Fate as) {
        fate = as;
        watch.close();
        whenSettled.run();
    }

    @Override
    public synchronized void retire() throws VmmigException {
        if (fate == Fate.RESUMED || fate == Fate.LEFT_PAUSED || fate == Fate.ENDED_BY_OTHERS) {
            throw settledAlready();
        }
        if (fate == Fate.OPEN) {
            // If the memory was not read completely, the guest cannot be anywhere else.
            if (!snapshot.stream().complete()) {
                throw new HypervisorException(
                        Problem.HYPERVISOR_FAILED,
                        guest.name() + " cannot be retired, because its memory was not read to the end",
                        "Read the stream to its end, or resume the guest.");
            }
            snapshot.abort();
            guest.remove();
            settle(Fate.RETIRED);
        }
    }

    @Override
    public synchronized void leavePaused() {
        if (fate == Fate.OPEN) {
            snapshot.leavePaused();
            settle(Fate.LEFT_PAUSED);
        }
    }

    private HypervisorException settledAlready() {
        return new HypervisorException(
                Problem.HYPERVISOR_FAILED, guest.name() + " was " + fate.words + " already; that cannot be undone", "");
    }

    @Override
    public synchronized void close() throws VmmigException {
        if (fate == Fate.OPEN) {
            resume();
        }
    }
}
