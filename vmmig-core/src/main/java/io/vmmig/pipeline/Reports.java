// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageSummary;
import io.vmmig.content.Digest;
import io.vmmig.domain.DomainChange;
import io.vmmig.protection.Handling;
import io.vmmig.report.MigrationReport;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Puts a report together from what the pipeline has seen. */
final class Reports {
    private Reports() {}

    static MigrationReport of(
            Manifest manifest,
            PackageSummary summary,
            String guest,
            String to,
            Recorder recorder,
            @Nullable Instant suspendedAt,
            @Nullable Instant resumedAt,
            List<Digest> references,
            MigrationReport.@Nullable FreePages freePages,
            MigrationReport.@Nullable Balloon balloon,
            List<DomainChange> changes,
            List<Handling> provenance,
            List<Path> leftAtSource) {
        List<MigrationReport.ContentSize> contents = summary.contents().stream()
                .map(c -> new MigrationReport.ContentSize(c.name(), c.bytes(), c.storedBytes(), c.digest()))
                .toList();
        return new MigrationReport(
                manifest.packageId(),
                guest,
                manifest.sourceHost(),
                to,
                recorder.startedAt(),
                suspendedAt,
                resumedAt,
                recorder.totalMillis(),
                recorder.reconnections(),
                recorder.timings(),
                bytes(contents, PackageSummary.SNAPSHOT),
                bytes(contents, "disks/"),
                summary.bytes(),
                contents,
                references,
                summary.pages().stream()
                        .map(count -> new MigrationReport.PageCount(
                                count.content(),
                                count.kind().name(),
                                count.reference() == null
                                        ? null
                                        : count.reference().digest(),
                                count.pages()))
                        .toList(),
                freePages,
                balloon,
                changes,
                provenance,
                leftAtSource,
                recorder.notices());
    }

    private static long bytes(List<MigrationReport.ContentSize> contents, String prefix) {
        return contents.stream()
                .filter(content -> content.name().startsWith(prefix))
                .mapToLong(MigrationReport.ContentSize::bytes)
                .sum();
    }
}
