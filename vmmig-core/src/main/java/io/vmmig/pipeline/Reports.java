// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageSummary;
import io.vmmig.content.Digest;
import io.vmmig.report.MigrationSummary;
import java.util.List;

/** Builds the part that the reports of both ends have in common. */
final class Reports {
    private Reports() {}

    static MigrationSummary summary(
            Manifest manifest,
            PackageSummary summary,
            String guest,
            String to,
            Recorder recorder,
            List<Digest> references) {
        return new MigrationSummary(
                manifest.packageId(),
                guest,
                manifest.sourceHost(),
                to,
                recorder.startedAt(),
                recorder.totalMillis(),
                recorder.reconnections(),
                bytes(summary, PackageSummary.PRECOPY) + bytes(summary, PackageSummary.SNAPSHOT),
                bytes(summary, "disks/"),
                summary.bytes(),
                recorder.timings(),
                summary.contents(),
                references,
                summary.pages(),
                recorder.notices());
    }

    private static long bytes(PackageSummary summary, String prefix) {
        return summary.contents().stream()
                .filter(content -> content.name().startsWith(prefix))
                .mapToLong(PackageSummary.Content::bytes)
                .sum();
    }
}
