// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Interference;
import io.vmmig.hypervisor.SavedGuest;
import io.vmmig.libvirt.binding.DomainState;
import io.vmmig.libvirt.saveimage.SaveImagePreamble;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A guest that is saved, paused at the latest when its memory has been read, and then either resumed or retired. */
final class LibvirtSavedGuest implements SavedGuest {
    private static final Logger LOG = LoggerFactory.getLogger(LibvirtSavedGuest.class);

    private enum Fate {
        OPEN("open"),
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
    private volatile @Nullable Instant suspendedAt;
    private final PauseWatch watch;
    private final List<Path> images;
    private final Runnable whenOver;
    private Fate fate = Fate.OPEN;

    LibvirtSavedGuest(
            GuestCalls guest,
            MemorySnapshot snapshot,
            SaveImagePreamble preamble,
            boolean wasRunning,
            @Nullable Instant suspendedAt,
            PauseWatch watch,
            List<Path> images,
            Runnable whenOver) {
        this.guest = guest;
        this.snapshot = snapshot;
        this.preamble = preamble;
        this.wasRunning = wasRunning;
        this.suspendedAt = suspendedAt;
        this.watch = watch;
        this.images = List.copyOf(images);
        this.whenOver = whenOver;
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
    public boolean paused() {
        return suspendedAt != null || watch.suspended().isPresent();
    }

    @Override
    public synchronized void pause() throws VmmigException {
        if (suspendedAt != null) {
            return;
        }
        Instant now = Instant.now();
        if (guest.state() != DomainState.PAUSED) {
            guest.suspend();
        }
        watch.pausedByJob();
        suspendedAt = watch.suspended().filter(now::isAfter).orElse(now);
    }

    @Override
    public Instant suspendedAt() {
        return Objects.requireNonNull(suspendedAt);
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
            throw overAlready();
        }
        if (fate == Fate.OPEN) {
            snapshot.abort();
            try {
                if (wasRunning && !suspendedByUser()) {
                    guest.continueRunning();
                }
            } catch (VmmigException e) {
                if (e.problem() != Problem.GUEST_UNKNOWN && e.problem() != Problem.GUEST_NOT_RUNNING) {
                    throw e;
                }
                end(Fate.ENDED_BY_OTHERS);
                throw new HypervisorException(
                        Problem.GUEST_NOT_RUNNING,
                        guest.name() + " was ended during its save",
                        "Its disks are as it left them; look at the log of its QEMU.",
                        e);
            }
            end(Fate.RESUMED);
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

    private void end(Fate as) {
        fate = as;
        watch.close();
        whenOver.run();
    }

    @Override
    public synchronized void retire() throws VmmigException {
        if (fate == Fate.RESUMED || fate == Fate.LEFT_PAUSED || fate == Fate.ENDED_BY_OTHERS) {
            throw overAlready();
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
            end(Fate.RETIRED);
        }
    }

    @Override
    public synchronized void leavePaused() {
        if (fate == Fate.OPEN) {
            snapshot.leavePaused();
            end(Fate.LEFT_PAUSED);
        }
    }

    private HypervisorException overAlready() {
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
