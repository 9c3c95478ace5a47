// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.Migrator;
import io.vmmig.Receiver;
import io.vmmig.domain.DomainSettings;
import io.vmmig.domain.DomainXml;
import io.vmmig.report.DestinationReport;
import io.vmmig.report.MigrationReport;
import io.vmmig.report.Notice;
import io.vmmig.testkit.InMemoryHypervisor;
import io.vmmig.transport.testing.States;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Copies of a guest that may live beside it. */
@Timeout(60)
class CopiesTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final String MAC = "52:54:00:00:00:01";

    @TempDir
    private Path temp;

    private final States states = new States();

    private final InMemoryHypervisor host = new InMemoryHypervisor("host-a");
    private final InMemoryHypervisor other = new InMemoryHypervisor("host-b");

    @AfterEach
    void stopBuilding() throws Exception {
        states.close();
    }

    @BeforeEach
    void pack() throws Exception {
        Path disk = Files.write(temp.resolve("vda.raw"), new byte[100_000]);
        host.start(
                "<domain type='qemu'><name>web-1</name><uuid>" + new UUID(1, 2) + "</uuid>"
                        + "<memory unit='KiB'>262144</memory><vcpu>1</vcpu>"
                        + "<os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>"
                        + "<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>"
                        + "<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='" + disk
                        + "'/><target dev='vda' bus='virtio'/></disk>"
                        + "<interface type='network'><mac address='" + MAC
                        + "'/><source network='default'/></interface>"
                        + "<interface type='network'><mac address='52:54:00:00:00:02'/><source network='default'/>"
                        + "<link state='down'/></interface></devices></domain>",
                new byte[100_000],
                true);
    }

    private Path packed(boolean removing) throws Exception {
        Path file = temp.resolve("web-1.vmmig");
        Migrator packing = Migrator.of(host)
                .from("web-1")
                .state(states.open(temp.resolve("state-a")))
                .to(PackageFile.at(file).unsealed());
        (removing ? packing.removingTheGuest() : packing).start().await(SOON);
        return file;
    }

    private DestinationReport restore(Path file, DomainSettings settings) throws Exception {
        return Receiver.of(other)
                .acceptingUnsigned()
                .into(temp.resolve("guests"))
                .state(states.open(temp.resolve("state-b")))
                .as(settings.keepingNetworks())
                .restore(PackageFile.at(file).unsealed().open())
                .await(SOON);
    }

    private List<String> connected(String name) throws Exception {
        return DomainXml.parse(other.guest(name).domainXml()).connectedMacs();
    }

    private static List<Notice> sameAddress(MigrationReport report) {
        return report.summary().notices().stream()
                .filter(notice -> notice.kind() == Notice.Kind.SAME_ADDRESS)
                .toList();
    }

    @Test
    void aCopyUnderAnotherUuidHasItsLinkDownAndTheReportSaysSo() throws Exception {
        DestinationReport report =
                restore(packed(false), DomainSettings.asSaved().named("web-2").withNewUuid());
        assertThat(connected("web-2")).isEmpty();
        assertThat(DomainXml.parse(other.guest("web-2").inventory().definitionXml())
                        .connectedMacs())
                .as("its next start")
                .isEmpty();
        assertThat(report.domainChanges().toString()).contains("interface " + MAC + " link");
        assertThat(sameAddress(report)).singleElement().satisfies(notice -> {
            assertThat(notice.subject()).isEqualTo(MAC);
            assertThat(notice.text()).contains("its link is down");
            assertThat(notice.remedy()).contains("virsh domif-setlink web-2");
        });
    }

    @Test
    void whoSaysSoGetsTheLinksAsTheyWere() throws Exception {
        DestinationReport report = restore(
                packed(false),
                DomainSettings.asSaved().named("web-2").withNewUuid().withLinksAsSaved());
        assertThat(connected("web-2")).containsExactly(MAC);
        assertThat(sameAddress(report)).singleElement().satisfies(notice -> assertThat(notice.text())
                .contains("if it still runs"));
    }

    /** It takes the original's place, as after the loss of a host; nobody else knows whether that is gone. */
    @Test
    void aBackupThatIsRestoredAsItselfHasItsLinkUpAndAWarning() throws Exception {
        DestinationReport report = restore(packed(false), DomainSettings.asSaved());
        assertThat(connected("web-1")).containsExactly(MAC);
        assertThat(sameAddress(report)).singleElement().satisfies(notice -> {
            assertThat(notice.text()).contains("kept running at host-a").contains(MAC);
            assertThat(notice.remedy()).contains("withLinksDown");
        });
    }

    @Test
    void linksAreDownWhereThatIsAskedFor() throws Exception {
        restore(packed(false), DomainSettings.asSaved().withLinksDown());
        assertThat(connected("web-1")).isEmpty();
    }

    @Test
    void aGuestOfWhichThereIsNoOtherIsAsItWas() throws Exception {
        DestinationReport report = restore(packed(true), DomainSettings.asSaved());
        assertThat(connected("web-1")).containsExactly(MAC);
        assertThat(sameAddress(report)).isEmpty();
    }

    @Test
    void namesThatAreNoDirectoryNamesAreTaken() throws Exception {
        Path file = packed(false);
        for (String name : List.of("win 10", "B\u00fcro")) {
            restore(file, DomainSettings.asSaved().named(name).withNewUuid());
            assertThat(other.guest(name).name()).isEqualTo(name);
        }
        try (Stream<Path> guests = Files.list(temp.resolve("guests"))) {
            assertThat(guests.map(path -> path.getFileName().toString()))
                    .hasSize(2)
                    .contains("win-10~6a814d45d67ff5d3")
                    .allMatch(name -> name.matches("[A-Za-z0-9~.-]+"));
        }
    }

    private static List<Notice> clock(MigrationReport report) {
        return report.summary().notices().stream()
                .filter(notice -> notice.kind() == Notice.Kind.CLOCK_BEHIND)
                .toList();
    }

    @Test
    void theClockOfAGuestThatRunsAgainIsSetThroughItsAgentAtBothEnds() throws Exception {
        Path file = packed(false);
        assertThat(host.clockSet("web-1")).isEqualTo(1);
        DestinationReport report = restore(file, DomainSettings.asSaved());
        assertThat(other.clockSet("web-1")).isEqualTo(1);
        assertThat(clock(report)).isEmpty();
    }

    @Test
    void aClockIsLeftAloneWhereThatIsAskedFor() throws Exception {
        Path file = packed(false);
        DestinationReport report = Receiver.of(other)
                .acceptingUnsigned()
                .into(temp.resolve("guests"))
                .state(states.open(temp.resolve("state-b")))
                .as(DomainSettings.asSaved().keepingNetworks())
                .leavingClock()
                .restore(PackageFile.at(file).unsealed().open())
                .await(SOON);
        assertThat(other.clockSet("web-1")).isZero();
        assertThat(clock(report)).isEmpty();
    }
}
