// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.HypervisorException;
import io.vmmig.Problem;
import io.vmmig.VmmigException;
import io.vmmig.hypervisor.SavedGuest;
import io.vmmig.libvirt.saveimage.SaveImagePreamble;
import java.io.InputStream;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** A guest that stands still, and the one decision what becomes of it. */
final class LibvirtSavedGuest implements SavedGuest {
    private enum Fate {
        OPEN("not settled"),
        RESUMED("resumed"),
        RETIRED("retired"),
        LEFT_PAUSED("left paused");

        private final String words;

        Fate(String words) {
            this.words = words;
        }
    }

    private final String name;
    private final MemoryTap tap;
    private final SaveImagePreamble preamble;
    private final boolean wasRunning;
    private final Instant suspendedAt;
    private final Runnable whenSettled;
    private Fate fate = Fate.OPEN;

    LibvirtSavedGuest(
            String name,
            MemoryTap tap,
            SaveImagePreamble preamble,
            boolean wasRunning,
            Instant suspendedAt,
            Runnable whenSettled) {
        this.name = name;
        this.tap = tap;
        this.preamble = preamble;
        this.wasRunning = wasRunning;
        this.suspendedAt = suspendedAt;
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
        return tap.stream();
    }

    @Override
    public synchronized void resume() throws VmmigException {
        if (fate == Fate.RETIRED || fate == Fate.LEFT_PAUSED) {
            throw settledAlready();
        }
        if (fate == Fate.OPEN) {
            tap.abort();
            tap.goOn(wasRunning);
            fate = Fate.RESUMED;
            whenSettled.run();
        }
    }

    @Override
    public synchronized void retire() throws VmmigException {
        if (fate == Fate.RESUMED || fate == Fate.LEFT_PAUSED) {
            throw settledAlready();
        }
        if (fate == Fate.OPEN) {
            // Whoever has not read all of it cannot have the guest elsewhere.
            if (!tap.stream().complete()) {
                throw new HypervisorException(
                        Problem.HYPERVISOR_FAILED,
                        name + " cannot be retired, because its memory was not read to the end",
                        "Read the stream until it ends, or let the guest go on.");
            }
            tap.abort();
            tap.end();
            fate = Fate.RETIRED;
            whenSettled.run();
        }
    }

    @Override
    public synchronized void leavePaused() {
        if (fate == Fate.OPEN) {
            tap.leave();
            fate = Fate.LEFT_PAUSED;
            whenSettled.run();
        }
    }

    private HypervisorException settledAlready() {
        return new HypervisorException(
                Problem.HYPERVISOR_FAILED, name + " was " + fate.words + " already, which cannot be undone", "");
    }

    @Override
    public synchronized void close() throws VmmigException {
        if (fate == Fate.OPEN) {
            resume();
        }
    }
}
