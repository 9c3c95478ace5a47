// SPDX-License-Identifier: Apache-2.0
package io.vmmig.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.bundle.PackageSummary;
import io.vmmig.bundle.PackageSummary.PageKind;
import io.vmmig.content.Digest;
import io.vmmig.domain.DomainChange;
import io.vmmig.error.Phase;
import io.vmmig.protection.Handling;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Programs read these: the names and values in the golden files stay. */
class ReportJsonTest {
    private static final UUID PACKAGE = UUID.fromString("0e4c6f9e-6f0b-4b2c-9c39-7f5ff2c4a001");
    private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

    private static MigrationSummary summary() {
        Digest base = new Digest("ab".repeat(32));
        return new MigrationSummary(
                PACKAGE,
                "web-1",
                "host-a",
                "tls://host-b:16550",
                NOON,
                4200,
                1,
                1 << 20,
                1 << 21,
                123_456,
                List.of(new PhaseTiming(Phase.PREPARE, 0, 120), new PhaseTiming(Phase.SNAPSHOT, 120, 900)),
                List.of(new PackageSummary.Content("snapshot", 1 << 20, 1000, new Digest("cd".repeat(32)))),
                List.of(base),
                List.of(
                        new PackageSummary.PageCount("snapshot", PageKind.FILLED, null, 2, 8192),
                        new PackageSummary.PageCount("snapshot", PageKind.REFERENCE, base, 3, 12_288)),
                List.of(new Notice(
                        Notice.Kind.LEFT_BEHIND, "/img/web-1.raw", "it's <still> at the source", "Remove it.")));
    }

    private static SourceReport source(@Nullable Instant resumedAt, SourceReport.@Nullable Balloon balloon) {
        return new SourceReport(
                summary(),
                new SourceReport.Plan(
                        Strategy.WARM, "it was asked for", List.of(new SourceReport.Baseline(123_456_789, 12_345))),
                NOON.plusSeconds(1),
                resumedAt,
                new SourceReport.FreePages(77, null),
                balloon,
                List.of(Path.of("/img/web-1.raw")));
    }

    private static void assertGolden(MigrationReport report, String name) throws Exception {
        try (InputStream golden = ReportJsonTest.class.getResourceAsStream(name)) {
            assertThat(golden).isNotNull();
            assertThat(report.toJson() + "\n").isEqualTo(new String(golden.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    @Test
    void theSource() throws Exception {
        SourceReport.Balloon balloon = new SourceReport.Balloon(1000, 24, "the time was up");
        assertGolden(source(NOON.plusMillis(1250), balloon), "source-report.json");
    }

    @Test
    void theDestination() throws Exception {
        DestinationReport report = new DestinationReport(
                summary(),
                NOON.plusMillis(1250),
                List.of(
                        new DomainChange("disk vda source", "/img/web-1.raw", "/guests/web-1/vda.raw"),
                        new DomainChange("interface vnet0", null, "down")),
                List.of(new Handling("ssh-ed25519 AAAA host-a", NOON, PACKAGE, List.of("the name"))));
        assertGolden(report, "destination-report.json");
    }

    @Test
    void whatIsNullIsLeftOut() {
        assertThat(source(null, null).toJson())
                .doesNotContain("resumedAt", "downtimeMillis", "balloon", "keptBecause", "null");
        assertThat(new DestinationReport(summary(), null, List.of(), List.of()).toJson())
                .doesNotContain("resumedAt", "null")
                .contains("\"domainChanges\": []", "\"provenance\": []");
    }
}
