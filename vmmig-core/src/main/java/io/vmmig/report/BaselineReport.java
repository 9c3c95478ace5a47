// SPDX-License-Identifier: Apache-2.0
package io.vmmig.report;

import io.vmmig.content.Digest;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The report of a baseline in a package store. Its guest runs on.
 *
 * @param summary what both ends know: its notices say what else is needed to read the baseline
 * @param seal the digest of its seal, by which later packages refer to it
 */
public record BaselineReport(MigrationSummary summary, Digest seal) implements MigrationReport {
    /** Null: the guest is never paused. */
    @Override
    public @Nullable Instant resumedAt() {
        return null;
    }
}
