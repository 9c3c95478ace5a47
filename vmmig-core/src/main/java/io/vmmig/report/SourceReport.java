// SPDX-License-Identifier: Apache-2.0
package io.vmmig.report;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The source's report.
 *
 * @param summary what both ends know
 * @param plan how the guest moved
 * @param suspendedAt when the guest was paused
 * @param resumedAt when the source knew that the guest was running again, here or at the destination; null if it was left paused or is in a
 *     package store only
 * @param freePages free memory that was left out
 * @param balloon memory that the guest lent to the host, or null if it was not asked
 * @param leftAtSource the guest's disk images that remain at the source after the guest has left, since vmmig removes only files that it
 *     made. They are stale; their owner should remove them. Empty if the guest stays
 */
public record SourceReport(
        MigrationSummary summary,
        Plan plan,
        Instant suspendedAt,
        @Nullable Instant resumedAt,
        FreePages freePages,
        @Nullable Balloon balloon,
        List<Path> leftAtSource)
        implements MigrationReport {
    public SourceReport {
        leftAtSource = List.copyOf(leftAtSource);
    }

    /**
     * How a guest moved.
     *
     * @param strategy the strategy, which is never {@link Strategy#AUTO}
     * @param because why it was chosen, so that it completes "it was chosen, since …"
     * @param baselines what was sent while the guest ran, in this order; empty unless the strategy is {@link Strategy#WARM}, or it was
     *     abandoned
     */
    public record Plan(Strategy strategy, String because, List<Baseline> baselines) {
        public Plan {
            baselines = List.copyOf(baselines);
        }
    }

    /**
     * A baseline.
     *
     * @param bytes the size of its package, in bytes
     * @param millis how long it took, in milliseconds, until it was ready to be used
     */
    public record Baseline(long bytes, long millis) {}

    /** How long the guest was paused, in milliseconds, if it was resumed. */
    public OptionalLong downtimeMillis() {
        return resumedAt == null
                ? OptionalLong.empty()
                : OptionalLong.of(Duration.between(suspendedAt, resumedAt).toMillis());
    }

    /**
     * Memory that was not sent, since the guest's kernel had marked it as free.
     *
     * @param leftOut how many pages with content were left out
     * @param keptBecause why none was, or null
     */
    public record FreePages(long leftOut, @Nullable String keptBecause) {}

    /**
     * Memory that a guest's balloon driver lent to the host until the guest was resumed. Its content was not sent.
     *
     * @param takenBytes how much was lent
     * @param missedBytes how much more was asked for
     * @param missedBecause why it was not, or why the guest could not be asked at all; null if nothing is missing
     */
    public record Balloon(long takenBytes, long missedBytes, @Nullable String missedBecause) {}
}
