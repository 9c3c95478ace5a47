// SPDX-License-Identifier: Apache-2.0
package io.vmmig.report;

import io.vmmig.bundle.PackageSummary;
import io.vmmig.content.Digest;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The report of a successful migration, from one of its ends. The {@link #summary()} holds what both ends know; a method with the name of
 * one of its components returns that component.
 */
public sealed interface MigrationReport permits SourceReport, DestinationReport {
    /** What both ends know. */
    MigrationSummary summary();

    /** When this end knew that the guest was running again, or null if it was left paused or is in a package store only. */
    @Nullable
    Instant resumedAt();

    /**
     * The report as a JSON object, whose fields have the names of the components of the summary and of this end's report; null components
     * are left out.
     */
    default String toJson() {
        return ReportJson.of(this);
    }

    /** {@link MigrationSummary#packageId}. */
    default UUID packageId() {
        return summary().packageId();
    }

    /** {@link MigrationSummary#guest}. */
    default String guest() {
        return summary().guest();
    }

    /** {@link MigrationSummary#from}. */
    default String from() {
        return summary().from();
    }

    /** {@link MigrationSummary#to}. */
    default String to() {
        return summary().to();
    }

    /** {@link MigrationSummary#startedAt}. */
    default Instant startedAt() {
        return summary().startedAt();
    }

    /** {@link MigrationSummary#totalMillis}. */
    default long totalMillis() {
        return summary().totalMillis();
    }

    /** {@link MigrationSummary#reconnections}. */
    default int reconnections() {
        return summary().reconnections();
    }

    /** {@link MigrationSummary#snapshotBytes}. */
    default long snapshotBytes() {
        return summary().snapshotBytes();
    }

    /** {@link MigrationSummary#diskBytes}. */
    default long diskBytes() {
        return summary().diskBytes();
    }

    /** {@link MigrationSummary#packageBytes}. */
    default long packageBytes() {
        return summary().packageBytes();
    }

    /** {@link MigrationSummary#phases}. */
    default List<PhaseTiming> phases() {
        return summary().phases();
    }

    /** {@link MigrationSummary#contents}. */
    default List<PackageSummary.Content> contents() {
        return summary().contents();
    }

    /** {@link MigrationSummary#references}. */
    default List<Digest> references() {
        return summary().references();
    }

    /** {@link MigrationSummary#pages}. */
    default List<PackageSummary.PageCount> pages() {
        return summary().pages();
    }

    /** {@link MigrationSummary#notices}. */
    default List<Notice> notices() {
        return summary().notices();
    }
}
