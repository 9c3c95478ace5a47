// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.hypervisor.Interference;
import io.vmmig.hypervisor.SavedGuest;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A save of an {@link InMemoryGuest}. */
final class InMemorySave implements SavedGuest {
    static final String COOKIE = "<cookie/>";

    private final InMemoryHypervisor host;
    private final InMemoryGuest guest;
    private final String domainXml;
    private final boolean wasRunning;
    private final long pausedAfter;
    private final int starts;
    private final InputStream stream;
    private volatile @Nullable Instant suspendedAt;
    private boolean finished;

    /** @param pausedAfter after how many bytes of its memory the guest is paused by itself */
    InMemorySave(InMemoryHypervisor host, InMemoryGuest guest, String domainXml, boolean wasRunning, long pausedAfter) {
        this.host = host;
        this.guest = guest;
        this.domainXml = domainXml;
        this.wasRunning = wasRunning;
        this.pausedAfter = pausedAfter;
        this.suspendedAt = pausedAfter == 0 ? Instant.now() : null;
        starts = guest.starts();
        stream = open(guest.inMemoryBalloon().stream());
    }

    @Override
    public String domainXml() {
        return domainXml;
    }

    @Override
    public @Nullable String cookie() {
        return COOKIE;
    }

    @Override
    public boolean wasRunning() {
        return wasRunning;
    }

    @Override
    public boolean paused() {
        return suspendedAt != null;
    }

    @Override
    public synchronized void pause() {
        if (suspendedAt == null) {
            suspendedAt = Instant.now();
            guest.pauseForSave();
        }
    }

    @Override
    public Instant suspendedAt() {
        return Objects.requireNonNull(suspendedAt);
    }

    @Override
    public InputStream memory() {
        return stream;
    }

    private InputStream open(byte[] memory) {
        return new FilterInputStream(new ByteArrayInputStream(memory)) {
            private int passed;

            @Override
            public int read(byte[] buffer, int offset, int length) throws IOException {
                if (passed >= memory.length / 2) {
                    failStreamIfTold();
                }
                int n = super.read(buffer, offset, length);
                passed += Math.max(0, n);
                if (passed >= pausedAfter) {
                    pause();
                }
                return n;
            }
        };
    }

    private void failStreamIfTold() throws IOException {
        try {
            host.failIfTold(InMemoryHypervisor.Step.STREAM);
        } catch (VmmigException e) {
            throw new IOException(e);
        }
    }

    @Override
    public Optional<Interference> interference() {
        return guest.since(starts);
    }

    @Override
    public synchronized void resume() throws VmmigException {
        if (!finished) {
            host.failIfTold(InMemoryHypervisor.Step.RESUME_SAVED);
            finished = true;
            guest.unpause(wasRunning ? GuestState.RUNNING : GuestState.PAUSED);
        }
    }

    @Override
    public synchronized void retire() throws VmmigException {
        if (!finished) {
            host.failIfTold(InMemoryHypervisor.Step.RETIRE);
            finished = true;
            host.remove(guest.name());
        }
    }

    @Override
    public synchronized void leavePaused() {
        if (!finished) {
            finished = true;
            guest.leave();
        }
    }

    @Override
    public void close() throws VmmigException {
        resume();
    }
}
