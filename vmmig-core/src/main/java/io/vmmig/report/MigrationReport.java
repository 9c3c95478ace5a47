// SPDX-License-Identifier: Apache-2.0
package io.vmmig.report;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The report of a successful migration, from one of its ends. The {@link #summary()} holds what both ends know.
 */
public sealed interface MigrationReport permits SourceReport, BaselineReport, DestinationReport {
    /** What both ends know. */
    MigrationSummary summary();

    /** When this end knew that the guest was running again, or null if it was left paused, is in a package store only, or was never paused. */
    @Nullable
    Instant resumedAt();

    /**
     * The report as a JSON object, whose fields have the names of the components of the summary and of this end's report; null components
     * are left out.
     */
    default String toJson() {
        return ReportJson.of(this);
    }
}
