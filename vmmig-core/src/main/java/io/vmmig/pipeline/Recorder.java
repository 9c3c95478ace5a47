// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.Notice;
import io.vmmig.Phase;
import io.vmmig.PhaseTiming;
import io.vmmig.event.MigrationEvent;
import io.vmmig.event.MigrationListener;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps account of a migration's phases, and tells the listeners. Thread-safe. */
public final class Recorder {
    private static final Logger LOG = LoggerFactory.getLogger(Recorder.class);
    private static final long PROGRESS_INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final List<MigrationListener> listeners;
    private final List<PhaseTiming> timings = new ArrayList<>();
    private final List<Notice> notices = new ArrayList<>();
    private final Instant startedAt = Instant.now();
    private final long start = System.nanoTime();
    private String guest;
    private @Nullable Phase phase;
    private long phaseStart;
    private long bytesDone;
    private long bytesExpected;
    private long lastProgress;
    private int reconnections;
    private boolean listenerFailed;

    public Recorder(String guest, List<MigrationListener> listeners) {
        this.guest = guest;
        this.listeners = List.copyOf(listeners);
    }

    void renameGuest(String name) {
        guest = name;
    }

    String guest() {
        return guest;
    }

    Instant startedAt() {
        return startedAt;
    }

    /** The phase that is under way, or the last one. */
    synchronized Phase phase() {
        return phase == null ? Phase.PREPARE : phase;
    }

    /** Ends the phase that was, and begins the next. */
    synchronized void enter(Phase next) {
        enter(next, 0);
    }

    /** As {@link #enter(Phase)}, for a phase that will move about so many bytes. */
    synchronized void enter(Phase next, long bytesExpected) {
        end();
        phase = next;
        phaseStart = System.nanoTime();
        lastProgress = phaseStart;
        bytesDone = 0;
        this.bytesExpected = bytesExpected;
        LOG.debug("guest {}: {}", guest, next);
        tell(new MigrationEvent.PhaseStarted(guest, next, Instant.now()));
    }

    /** Ends the phase that is under way, if any. */
    synchronized void end() {
        Phase ended = phase;
        if (ended == null) {
            return;
        }
        if (bytesDone > 0) {
            tellProgress(ended, System.nanoTime());
        }
        long length = System.nanoTime() - phaseStart;
        timings.add(new PhaseTiming(
                ended, TimeUnit.NANOSECONDS.toMillis(phaseStart - start), TimeUnit.NANOSECONDS.toMillis(length)));
        tell(new MigrationEvent.PhaseEnded(guest, ended, Instant.now(), Duration.ofNanos(length)));
        phase = null;
    }

    /** So many more bytes have moved. */
    synchronized void moved(long bytes) {
        bytesDone += bytes;
        long now = System.nanoTime();
        if (now - lastProgress >= PROGRESS_INTERVAL_NANOS) {
            lastProgress = now;
            tellProgress(phase(), now);
        }
    }

    /** The migration waits until it is admitted, and others before it. */
    synchronized void waiting(int ahead) {
        enter(Phase.QUEUED);
        LOG.info("guest {}: waits until other migrations are done; {} wait before it", guest, ahead);
        tell(new MigrationEvent.Waiting(guest, Phase.QUEUED, Instant.now(), ahead));
    }

    /** The connection has been taken up again; from any thread. */
    synchronized void reconnected(Duration outage) {
        reconnections++;
        tell(new MigrationEvent.Reconnected(guest, phase(), Instant.now(), outage));
    }

    /** Tells the listeners, and the report; from any thread. */
    synchronized void notice(Notice notice) {
        if (notice.kind() == Notice.Kind.ALARM) {
            LOG.error("guest {}: {}", guest, notice.sentence());
        } else {
            LOG.info("guest {}: {}", guest, notice.sentence());
        }
        notices.add(notice);
        tell(new MigrationEvent.Noticed(guest, phase(), Instant.now(), notice));
    }

    synchronized List<Notice> notices() {
        return List.copyOf(notices);
    }

    synchronized int reconnections() {
        return reconnections;
    }

    private void tellProgress(Phase current, long now) {
        long nanos = Math.max(1, now - phaseStart);
        long rate = (long) (bytesDone * 1e9 / nanos);
        long expected = Math.max(bytesExpected, bytesDone);
        Duration remaining = rate == 0 ? null : Duration.ofMillis((expected - bytesDone) * 1000 / rate);
        tell(new MigrationEvent.Progress(guest, current, Instant.now(), bytesDone, expected, rate, remaining));
    }

    private void tell(MigrationEvent event) {
        for (MigrationListener listener : listeners) {
            try {
                listener.onEvent(event);
            } catch (RuntimeException e) {
                if (!listenerFailed) {
                    listenerFailed = true;
                    LOG.warn("guest {}: a listener failed at {}; further failures are not logged", guest, event, e);
                }
            }
        }
    }

    synchronized List<PhaseTiming> timings() {
        return List.copyOf(timings);
    }

    long totalMillis() {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
    }
}
