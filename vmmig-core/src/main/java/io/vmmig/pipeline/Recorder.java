// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.Phase;
import io.vmmig.error.VmmigException;
import io.vmmig.event.MigrationEvent;
import io.vmmig.event.MigrationListener;
import io.vmmig.report.MigrationReport;
import io.vmmig.report.Notice;
import io.vmmig.report.PhaseTiming;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Records a migration's phases, and notifies the listeners. Thread-safe. */
public final class Recorder {
    private static final Logger LOG = LoggerFactory.getLogger(Recorder.class);
    private static final long PROGRESS_INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final List<MigrationListener> listeners;
    private final List<PhaseTiming> timings = new ArrayList<>();
    private final List<Notice> notices = new ArrayList<>();
    private final Instant startedAt = Instant.now();
    private final long start = System.nanoTime();
    private final ProgressEstimate estimate = new ProgressEstimate();
    private String guest;
    private @Nullable Phase phase;
    private Phase lastPhase = Phase.PREPARE;
    private String doing = "";
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

    /** The current phase, or the last one. */
    synchronized Phase phase() {
        return lastPhase;
    }

    /** Ends the current phase, and begins the next. */
    synchronized void enter(Phase next) {
        enter(next, 0);
    }

    /** As {@link #enter(Phase)}, with the expected number of bytes. */
    synchronized void enter(Phase next, long bytesExpected) {
        end();
        phase = next;
        lastPhase = next;
        phaseStart = System.nanoTime();
        bytesDone = 0;
        this.bytesExpected = bytesExpected;
        estimate.enter(next, phaseStart);
        if (bytesExpected > 0) {
            estimate.expect(next, bytesExpected);
        }
        doing = words(next);
        LOG.debug("guest {}: {}", guest, next);
        tell(new MigrationEvent.PhaseStarted(guest, next, Instant.now()));
        tellProgress();
    }

    /** Sets the expected number of bytes of a later phase. */
    synchronized void expect(Phase later, long bytes) {
        estimate.expect(later, bytes);
    }

    /** Describes the current step of this phase. */
    synchronized void doing(String what) {
        doing = what;
        tellProgress();
    }

    private static String words(Phase phase) {
        return switch (phase) {
            case QUEUED -> "waiting until other migrations are done";
            case PREPARE -> "looking at the guest and its disks";
            case CONNECT -> "connecting";
            case BASELINE -> "moving a baseline while the guest runs";
            case OFFER -> "finding out whether the destination can take the guest";
            case BOOT_FILES ->
                "moving what can be moved while the guest runs, and starting its hypervisor at the destination";
            case PRECOPY -> "moving memory while the guest runs";
            case SUSPEND -> "pausing the guest";
            case DISKS -> "moving disks";
            case SNAPSHOT -> "moving memory";
            case RESTORE -> "verifying the guest at the destination";
            case COMMIT -> "handing the guest over";
            case RESUME -> "resuming the guest";
            case RETIRE -> "removing what is no longer needed";
        };
    }

    /** Runs a whole migration; its result is the listeners' last event. */
    <R extends MigrationReport> R concluding(Work<R> all) throws VmmigException {
        R report;
        try {
            report = all.run();
        } catch (VmmigException | RuntimeException | Error e) {
            synchronized (this) {
                end();
                tell(new MigrationEvent.Failed(guest, phase(), Instant.now(), e));
            }
            throw e;
        }
        synchronized (this) {
            end();
            estimate.done();
            tellProgress();
            tell(new MigrationEvent.Done(guest, phase(), Instant.now(), report));
        }
        return report;
    }

    /** Ends the current phase, if any. */
    synchronized void end() {
        Phase ended = phase;
        if (ended == null) {
            return;
        }
        if (bytesDone > 0) {
            tellProgress();
        }
        long length = System.nanoTime() - phaseStart;
        timings.add(new PhaseTiming(
                ended, TimeUnit.NANOSECONDS.toMillis(phaseStart - start), TimeUnit.NANOSECONDS.toMillis(length)));
        tell(new MigrationEvent.PhaseEnded(guest, ended, Instant.now(), Duration.ofNanos(length)));
        phase = null;
    }

    /** Adds bytes that were moved. */
    synchronized void moved(long bytes) {
        bytesDone += bytes;
        estimate.moved(bytesDone);
        if (System.nanoTime() - lastProgress >= PROGRESS_INTERVAL_NANOS) {
            tellProgress();
        }
    }

    /** Reports that the migration waits for a permit behind {@code ahead} others. */
    synchronized void waiting(int ahead) {
        enter(Phase.QUEUED);
        LOG.info("guest {}: waits until other migrations are done; {} wait before it", guest, ahead);
        tell(new MigrationEvent.Waiting(guest, Phase.QUEUED, Instant.now(), ahead));
    }

    /** Reports a restored connection; from any thread. */
    synchronized void reconnected(Duration outage) {
        reconnections++;
        tell(new MigrationEvent.Reconnected(guest, phase(), Instant.now(), outage));
    }

    /** Adds a notice to the report and notifies the listeners; from any thread. */
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

    private void tellProgress() {
        long now = System.nanoTime();
        lastProgress = now;
        tell(new MigrationEvent.Progress(
                guest,
                phase(),
                Instant.now(),
                estimate.fraction(now),
                estimate.left(now),
                doing,
                bytesDone,
                Math.max(bytesExpected, bytesDone),
                (long) (bytesDone * 1e9 / Math.max(1, now - phaseStart))));
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
