// SPDX-License-Identifier: Apache-2.0
package io.vmmig.report;

import io.vmmig.bundle.PackageSummary;
import io.vmmig.content.Digest;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/**
 * The part of a {@link MigrationReport} that both ends know.
 *
 * @param packageId names the package; the same at both ends
 * @param guest the guest's name at this end
 * @param from the host that the guest left
 * @param to at the source, the host or package store that it went to; at the destination, the name of the guest there
 * @param startedAt when the migration began at this end
 * @param totalMillis how long the migration took at this end, in milliseconds
 * @param reconnections how often the connection with the other end broke and was restored
 * @param snapshotBytes memory and device state as QEMU wrote them, in bytes
 * @param diskBytes all disk layers before compression, in bytes
 * @param packageBytes the whole package, in bytes
 * @param phases the phases, in order
 * @param contents what was in the package
 * @param references base images that the guest needs and that were not sent
 * @param pages how many pages of disks and memory were stored in each way
 * @param notices what else the caller should know, in order of discovery
 */
public record MigrationSummary(
        UUID packageId,
        String guest,
        String from,
        String to,
        Instant startedAt,
        long totalMillis,
        int reconnections,
        long snapshotBytes,
        long diskBytes,
        long packageBytes,
        List<PhaseTiming> phases,
        List<PackageSummary.Content> contents,
        List<Digest> references,
        List<PackageSummary.PageCount> pages,
        List<Notice> notices) {
    public MigrationSummary {
        phases = List.copyOf(phases);
        contents = List.copyOf(contents);
        references = List.copyOf(references);
        pages = List.copyOf(pages);
        notices = List.copyOf(notices);
    }
}
