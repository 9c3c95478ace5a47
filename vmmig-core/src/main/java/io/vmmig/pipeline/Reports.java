// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageSummary;
import io.vmmig.content.Digest;
import io.vmmig.page.PageSource;
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
        List<MigrationSummary.ContentSize> contents = summary.contents().stream()
                .map(c -> new MigrationSummary.ContentSize(c.name(), c.bytes(), c.storedBytes(), c.digest()))
                .toList();
        return new MigrationSummary(
                manifest.packageId(),
                guest,
                manifest.sourceHost(),
                to,
                recorder.startedAt(),
                recorder.totalMillis(),
                recorder.reconnections(),
                bytes(contents, PackageSummary.SNAPSHOT),
                bytes(contents, "disks/"),
                summary.bytes(),
                recorder.timings(),
                contents,
                references,
                summary.pages().stream().map(Reports::count).toList(),
                recorder.notices());
    }

    private static MigrationSummary.PageCount count(PackageSummary.PageCount count) {
        Manifest.Reference reference = count.reference();
        return new MigrationSummary.PageCount(
                count.content(),
                count.kind().name(),
                reference == null ? null : reference.digest(),
                count.pages(),
                count.pages() * PageSource.PAGE_BYTES);
    }

    private static long bytes(List<MigrationSummary.ContentSize> contents, String prefix) {
        return contents.stream()
                .filter(content -> content.name().startsWith(prefix))
                .mapToLong(MigrationSummary.ContentSize::bytes)
                .sum();
    }
}
