// SPDX-License-Identifier: Apache-2.0
package io.vmmig.report;

import io.vmmig.domain.DomainChange;
import io.vmmig.protection.Handling;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The destination's report.
 *
 * @param summary what both ends know
 * @param resumedAt when the guest was resumed, or null if it was left paused
 * @param domainChanges what was changed in the domain XML
 * @param provenance the hosts that have vouched for the guest, the oldest first; empty where signatures are not verified
 */
public record DestinationReport(
        MigrationSummary summary,
        @Nullable Instant resumedAt,
        List<DomainChange> domainChanges,
        List<Handling> provenance)
        implements MigrationReport {
    public DestinationReport {
        domainChanges = List.copyOf(domainChanges);
        provenance = List.copyOf(provenance);
    }
}
