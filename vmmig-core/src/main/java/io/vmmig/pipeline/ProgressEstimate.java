// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.Phase;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * How far a whole migration is, and how long it still takes, from what is known at the moment: at first how long phases take as a rule,
 * then how much there is to move, then how fast it moves. The fraction is the time that has passed, of that and the time left, so both
 * agree; it never goes back. Times are those of {@link System#nanoTime()}. Not thread-safe.
 */
final class ProgressEstimate {
    /** In bytes for each second, until something has moved: about what one processor packs. */
    private static final long FIRST_RATE = 200 << 20;
    /** Below this a phase's rate tells nothing. */
    private static final long LEAST_BYTES = 1 << 20;
    /** What has not ended is not done. */
    private static final double ALMOST = 0.99;

    /** How long a phase takes, in milliseconds, without what it moves. */
    private static long usual(Phase phase) {
        return switch (phase) {
            case QUEUED, DISKS -> 0;
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
        // Most guests are larger, and most of their memory is empty.
        expect(Phase.SNAPSHOT, 1L << 30);
    }

    /** A phase will move about so many bytes. */
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

    /** So much has moved in this phase. */
    void moved(long bytes) {
        phaseBytes = bytes;
    }

    /** All is done. */
    void done() {
        fraction = 1;
    }

    /** From 0 to 1; never less than before. */
    double fraction(long now) {
        Duration left = left(now);
        if (left != null) {
            double passed = now - begun;
            fraction = Math.max(fraction, Math.min(ALMOST, passed / Math.max(1, passed + left.toNanos())));
        }
        return fraction;
    }

    /** Null while nothing has begun. */
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
        // What takes longer than usual already may take some more.
        return Math.max(usual - passed, passed / 4) + nanosFor(bytes(current), rate(now));
    }

    private long bytes(Phase which) {
        return expected.getOrDefault(which, 0L);
    }

    /** Of this phase once it tells something, or of those before. */
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
