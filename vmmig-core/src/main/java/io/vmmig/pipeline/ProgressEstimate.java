// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.Phase;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Estimates the progress and the time left of a whole migration: first from typical durations of phases, then from the amount to move, then
 * from the measured rate. The fraction is the elapsed time divided by elapsed plus remaining time, so that both agree; it never decreases.
 * Times are those of {@link System#nanoTime()}. Not thread-safe.
 */
final class ProgressEstimate {
    /** In bytes per second, until a rate is measured: about what one processor packs. */
    private static final long FIRST_RATE = 200 << 20;
    /** With fewer bytes, a phase's rate is not meaningful. */
    private static final long LEAST_BYTES = 1 << 20;
    /** The highest fraction before the end. */
    private static final double ALMOST = 0.99;

    /** A phase's typical duration in milliseconds, without moving bytes. */
    private static long usual(Phase phase) {
        return switch (phase) {
            case QUEUED, BASELINE, PRECOPY, DISKS -> 0;
            case PREPARE, OFFER -> 500;
            case BOOT_FILES -> 700;
            case CONNECT, COMMIT, RESUME -> 50;
            case SUSPEND, RETIRE -> 200;
            case SNAPSHOT, RESTORE -> 300;
        };
    }

    private final Map<Phase, Long> expected = new EnumMap<>(Phase.class);
    private @Nullable Phase phase;
    private long begun;
    private long phaseBegun;
    private long phaseBytes;
    private long movedBefore;
    private long nanosBefore;
    private double fraction;

    ProgressEstimate() {
        // Most guests have more memory, and most of that is empty.
        expect(Phase.SNAPSHOT, 1L << 30);
    }

    /** Sets how many bytes a phase will move, about. */
    void expect(Phase which, long bytes) {
        expected.put(which, bytes);
    }

    void enter(Phase next, long now) {
        if (phase == null || phase == Phase.QUEUED) {
            begun = now;
        }
        if (phaseBytes > LEAST_BYTES) {
            movedBefore += phaseBytes;
            nanosBefore += now - phaseBegun;
        }
        phase = next;
        phaseBegun = now;
        phaseBytes = 0;
    }

    /** Adds bytes that were moved in this phase. */
    void moved(long bytes) {
        phaseBytes = bytes;
    }

    /** The migration is complete. */
    void done() {
        fraction = 1;
    }

    /** The fraction done, from 0 to 1; never decreases. */
    double fraction(long now) {
        Duration left = left(now);
        if (left != null) {
            double passed = now - begun;
            fraction = Math.max(fraction, Math.min(ALMOST, passed / Math.max(1, passed + left.toNanos())));
        }
        return fraction;
    }

    /** The time left; null before the first phase. */
    @Nullable
    Duration left(long now) {
        Phase current = phase;
        if (current == null || current == Phase.QUEUED) {
            return null;
        }
        if (fraction == 1) {
            return Duration.ZERO;
        }
        long nanos = leftOf(current, now);
        for (Phase later : Phase.values()) {
            if (later.compareTo(current) > 0) {
                nanos += TimeUnit.MILLISECONDS.toNanos(usual(later)) + nanosFor(bytes(later), rate(now));
            }
        }
        return Duration.ofNanos(nanos);
    }

    private long leftOf(Phase current, long now) {
        long passed = now - phaseBegun;
        long usual = TimeUnit.MILLISECONDS.toNanos(usual(current));
        if (phaseBytes > 0) {
            return nanosFor(Math.max(0, bytes(current) - phaseBytes), rate(now));
        }
        // A phase that already takes longer than usual may take still longer.
        return Math.max(usual - passed, passed / 4) + nanosFor(bytes(current), rate(now));
    }

    private long bytes(Phase which) {
        return expected.getOrDefault(which, 0L);
    }

    /** The rate of this phase if it is meaningful, otherwise that of earlier ones. */
    private double rate(long now) {
        if (phaseBytes > LEAST_BYTES) {
            return phaseBytes / (double) Math.max(1, now - phaseBegun);
        }
        return movedBefore > 0
                ? movedBefore / (double) Math.max(1, nanosBefore)
                : FIRST_RATE / (double) TimeUnit.SECONDS.toNanos(1);
    }

    private static long nanosFor(long bytes, double bytesPerNano) {
        return (long) (bytes / bytesPerNano);
    }
}
