// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vmmig.Migration;
import io.vmmig.Migrator;
import io.vmmig.Receiver;
import io.vmmig.domain.DomainSettings;
import io.vmmig.domain.DomainXml;
import io.vmmig.domain.Loss;
import io.vmmig.error.EndState;
import io.vmmig.error.Phase;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.event.MigrationEvent;
import io.vmmig.event.MigrationListener;
import io.vmmig.hypervisor.GuestInventory;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.hypervisor.LocalState;
import io.vmmig.report.DestinationReport;
import io.vmmig.report.MigrationReport;
import io.vmmig.report.Notice;
import io.vmmig.report.SourceReport;
import io.vmmig.state.HostState;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a hypervisor keeps of a guest besides its running XML: it is carried, refused before the guest stops, or named. */
@Tag("once")
@Timeout(60)
class BelongingsTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String GUEST = "web-1";

    @TempDir
    Path directory;

    private final InMemoryHypervisor a = new InMemoryHypervisor("host-a");
    private final InMemoryHypervisor b = new InMemoryHypervisor("host-b");
    private final InMemoryTransport transport = new InMemoryTransport();
    private Path image;
    private String live;
    private HostState stateOfA;
    private HostState stateOfB;
    private Migrator migrator;
    private Receiver receiver;

    /** What both ends said when a guest had moved. */
    private record Reports(SourceReport sent, DestinationReport received) {}

    @BeforeEach
    void startGuest() throws Exception {
        image = Files.write(directory.resolve("vda.raw"), new byte[8192]);
        live = Domains.xml(GUEST, Domains.disk("vda", image, "raw"))
                .replace("<vcpu>", "<genid>11111111-2222-4333-8444-555555555555</genid><vcpu>");
        a.start(live, new byte[100_000], true);
        stateOfA = HostState.open(directory.resolve("state-of-a"));
        stateOfB = HostState.open(directory.resolve("state-of-b"));
        migrator = Migrator.of(a).state(stateOfA).from(GUEST).to(transport);
        receiver = Receiver.of(b).into(directory.resolve("guests")).state(stateOfB);
    }

    @AfterEach
    void stopBuilding() throws Exception {
        stateOfA.images().references().close();
        stateOfB.images().references().close();
    }

    private Reports move() throws Exception {
        Migration<SourceReport> sending = migrator.start();
        Migration<DestinationReport> receiving = receiver.receive(transport.accept(SOON));
        DestinationReport received = receiving.await(SOON);
        return new Reports(sending.await(SOON), received);
    }

    private VmmigException refusal() {
        return catchThrowableOfType(VmmigException.class, () -> migrator.start().await(SOON));
    }

    /** Why the source's end failed, of a migration that its destination had begun. */
    private VmmigException failure() throws Exception {
        Migration<SourceReport> sending = migrator.start();
        Migration<DestinationReport> receiving = receiver.receive(transport.accept(SOON));
        VmmigException failure = catchThrowableOfType(VmmigException.class, () -> sending.await(SOON));
        assertThat(catchThrowableOfType(VmmigException.class, () -> receiving.await(SOON)))
                .isNotNull();
        return failure;
    }

    private interface Doing {
        void run() throws Exception;
    }

    private static MigrationListener at(Phase phase, Doing doing) {
        return event -> {
            if (event instanceof MigrationEvent.PhaseStarted && event.phase() == phase) {
                try {
                    doing.run();
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
            }
        };
    }

    private static GuestInventory of(InMemoryHypervisor host, String guest) throws Exception {
        return host.guest(guest).inventory();
    }

    private static DomainXml definition(InMemoryHypervisor host, String guest) throws Exception {
        return DomainXml.parse(of(host, guest).definitionXml());
    }

    // ---- the definition

    @Test
    void whatWaitsForTheNextStartWaitsOnAtTheDestination() throws Exception {
        a.define(live.replace("<vcpu>1<", "<vcpu>2<")
                .replace(">262144<", ">524288<")
                .replace("<devices>", "<on_reboot>restart</on_reboot><devices>"));

        move();

        DomainXml defined = definition(b, GUEST);
        assertThat(defined.vcpus()).isEqualTo(2);
        assertThat(defined.memoryBytes()).isEqualTo(512L << 20);
        assertThat(defined.text()).contains("<on_reboot>restart</on_reboot>");
        assertThat(defined.disks()).singleElement().satisfies(disk -> assertThat(disk.file())
                .isEqualTo(directory.resolve("guests/web-1/vda.0.raw")));
        DomainXml running = DomainXml.parse(b.guest(GUEST).domainXml());
        assertThat(running.vcpus()).isEqualTo(1);
        assertThat(running.text()).doesNotContain("on_reboot");
    }

    @Test
    void aGuestThatWasForgottenOnceItStopsStaysSo() throws Exception {
        a.guest(GUEST).remove();
        a.start(live, new byte[100_000], false);
        move();
        assertThat(of(b, GUEST).persistent()).isFalse();
    }

    /** The disk may have another name after the next start; its file is the same. */
    @Test
    void theDefinitionsDisksAreFoundByTheirFiles() throws Exception {
        a.define(live.replace("dev='vda' bus='virtio'", "dev='sda' bus='sata'"));
        move();
        assertThat(definition(b, GUEST).disks()).singleElement().satisfies(disk -> {
            assertThat(disk.target()).isEqualTo("sda");
            assertThat(disk.file()).isEqualTo(directory.resolve("guests/web-1/vda.0.raw"));
        });
    }

    @Test
    void aCopyIsDefinedUnderItsOwnName() throws Exception {
        UUID uuid = UUID.randomUUID();
        receiver = receiver.as(DomainSettings.asSaved().named("web-2").withUuid(uuid));
        a.define(live.replace("<vcpu>1<", "<vcpu>2<"));
        move();
        DomainXml defined = definition(b, "web-2");
        assertThat(defined.name()).isEqualTo("web-2");
        assertThat(defined.uuid()).isEqualTo(uuid);
        assertThat(defined.vcpus()).isEqualTo(2);
    }

    @Test
    void theEditorSeesTheDefinitionAsWell() throws Exception {
        receiver = receiver.as(DomainSettings.asSaved()
                .editedBy(xml -> xml.replace("<devices>", "<title>of host b</title><devices>")));
        move();
        assertThat(definition(b, GUEST).text()).contains("<title>of host b</title>");
        assertThat(b.guest(GUEST).domainXml()).contains("<title>of host b</title>");
    }

    @Test
    void aDiskThatOnlyTheDefinitionHasIsRefusedBeforeTheGuestStops() throws Exception {
        Path added = Files.write(directory.resolve("added.raw"), new byte[4096]);
        a.define(Domains.xml(GUEST, Domains.disk("vda", image, "raw") + Domains.disk("vdb", added, "raw")));

        VmmigException refused = refusal();

        assertThat(refused.problem()).isEqualTo(Problem.DISK_UNSUPPORTED);
        assertThat(refused.failure().source()).isEqualTo(EndState.UNTOUCHED);
        assertThat(refused).hasMessageContainingAll("definition", "vdb", added.toString(), "PENDING_CHANGES");
        assertThat(a.stateOf(GUEST)).contains(GuestState.RUNNING);
    }

    @Test
    void pendingChangesThatMayBeLostAreNamed() throws Exception {
        Path added = Files.write(directory.resolve("added.raw"), new byte[4096]);
        a.define(Domains.xml(GUEST, Domains.disk("vda", image, "raw") + Domains.disk("vdb", added, "raw")));
        migrator = migrator.allowingLossOf(Loss.PENDING_CHANGES);

        Reports reports = move();

        assertThat(reports.sent().summary().notices()).singleElement().satisfies(notice -> {
            assertThat(notice.kind()).isEqualTo(Notice.Kind.NOT_CARRIED);
            assertThat(notice.subject()).isEqualTo("definition");
            assertThat(notice.text()).contains("vdb", added.toString());
        });
        assertThat(definition(b, GUEST).disks()).hasSize(1);
        assertThat(added).exists();
    }

    @Test
    void aKernelThatOnlyTheDefinitionBootsIsRefusedBeforeTheGuestStops() throws Exception {
        a.define(live.replace("hvm</type>", "hvm</type><kernel>/boot/vmlinuz-next</kernel>"));
        assertThat(refusal())
                .hasMessageContainingAll("definition", "kernel", "/boot/vmlinuz-next")
                .extracting(VmmigException::problem)
                .isEqualTo(Problem.DOMAIN_UNSUPPORTED);
        assertThat(a.stateOf(GUEST)).contains(GuestState.RUNNING);
    }

    @Test
    void whatThePolicyRefusesOfTheDefinitionIsRefusedBeforeTheGuestStops() throws Exception {
        a.define(live.replace("</devices>", "<tpm model='tpm-tis'><backend type='emulator'/></tpm></devices>"));
        assertThat(refusal())
                .hasMessageContainingAll("definition", "/domain/devices/tpm")
                .extracting(VmmigException::problem)
                .isEqualTo(Problem.DEVICE_CANNOT_MOVE);
        assertThat(a.stateOf(GUEST)).contains(GuestState.RUNNING);
    }

    @Test
    void aMediumThatOnlyTheDefinitionHasStaysBehindAndIsNamed() throws Exception {
        String drive = "<disk type='file' device='cdrom'><driver name='qemu' type='raw'/>%s"
                + "<target dev='sda' bus='sata'/><readonly/></disk>";
        String disk = Domains.disk("vda", image, "raw");
        a.guest(GUEST).remove();
        a.start(Domains.xml(GUEST, disk + String.format(drive, "")), new byte[100_000], true);
        a.define(Domains.xml(GUEST, disk + String.format(drive, "<source file='/iso/setup.iso'/>")));

        Reports reports = move();

        assertThat(reports.sent().summary().notices()).singleElement().satisfies(notice -> assertThat(notice.subject())
                .isEqualTo("/iso/setup.iso"));
        assertThat(of(b, GUEST).definitionXml()).contains("dev=\"sda\"").doesNotContain("setup.iso");
    }

    /** Between the offer and the save somebody may have changed it: what counts is what it is when the guest stops. */
    @Test
    void theDefinitionIsThatOfTheMomentWhenTheGuestStops() throws Exception {
        migrator = migrator.onEvent(at(Phase.SUSPEND, () -> a.define(live.replace("<vcpu>1<", "<vcpu>4<"))));
        move();
        assertThat(definition(b, GUEST).vcpus()).isEqualTo(4);
    }

    /** It is the guest's own from now on, also after its next start. */
    @Test
    void aDiskThatIsNoMoreSharedIsNotSharedByTheDefinitionEither() throws Exception {
        String shared = live.replace("<target dev='vda'", "<shareable/><target dev='vda'");
        a.guest(GUEST).remove();
        a.start(shared, new byte[100_000], true);
        a.define(shared.replace("<vcpu>1<", "<vcpu>2<"));
        migrator = migrator.copyingShared("vda");
        move();
        assertThat(of(b, GUEST).definitionXml()).doesNotContain("shareable");
        assertThat(definition(b, GUEST).vcpus()).isEqualTo(2);
    }

    // ---- whether it runs

    @Test
    void aGuestThatWasPausedAfterTheOfferArrivesPaused() throws Exception {
        migrator = migrator.onEvent(at(Phase.SUSPEND, () -> a.pause(GUEST)));
        Reports reports = move();
        assertThat(b.stateOf(GUEST)).contains(GuestState.PAUSED);
        assertThat(reports.received().resumedAt()).isNull();
        assertThat(reports.sent().resumedAt()).isNull();
    }

    @Test
    void aGuestThatWasResumedAfterTheOfferArrivesRunning() throws Exception {
        a.pause(GUEST);
        migrator = migrator.onEvent(at(Phase.SUSPEND, () -> a.guest(GUEST).resume()));
        move();
        assertThat(b.stateOf(GUEST)).contains(GuestState.RUNNING);
    }

    // ---- autostart

    @Test
    void aGuestThatIsStartedWithItsHostIsSoAtTheDestination() throws Exception {
        a.guest(GUEST).setAutostart(true);
        Reports reports = move();
        assertThat(of(b, GUEST).autostart()).isTrue();
        assertThat(reports.received().summary().notices()).isEmpty();
    }

    /** A host that fails and boots again must not start a guest that the other one has. */
    @Test
    void noHostStartsByItselfAGuestThatMayRunAtTheOther() throws Exception {
        a.guest(GUEST).setAutostart(true);
        // Once the source has heard that the guest is there, it may be faster than this listener.
        receiver = receiver.onEvent(
                        at(Phase.RESTORE, () -> assertThat(of(a, GUEST).autostart())
                                .isTrue()))
                .onEvent(at(
                        Phase.COMMIT, () -> assertThat(of(b, GUEST).autostart()).isFalse()))
                .onEvent(at(Phase.RESUME, () -> {
                    assertThat(of(a, GUEST).autostart()).isFalse();
                    assertThat(of(b, GUEST).autostart()).isFalse();
                }));
        move();
        assertThat(of(b, GUEST).autostart()).isTrue();
    }

    @Test
    void aGuestThatGoesBackIsStartedWithItsHostAgain() throws Exception {
        a.guest(GUEST).setAutostart(true);
        b.fail(InMemoryHypervisor.Step.RESUME_RESTORED);
        assertThat(failure().failure().source()).isEqualTo(EndState.RUNS);
        assertThat(of(a, GUEST).autostart()).isTrue();
        assertThat(b.guests()).isEmpty();
    }

    @Test
    void aGuestMovesNotIfItsHostCannotBeKeptFromStartingIt() throws Exception {
        a.guest(GUEST).setAutostart(true);
        a.fail(InMemoryHypervisor.Step.AUTOSTART);
        assertThat(failure().problem()).isEqualTo(Problem.HYPERVISOR_FAILED);
        assertThat(a.stateOf(GUEST)).contains(GuestState.RUNNING);
        assertThat(b.guests()).isEmpty();
    }

    @Test
    void aDestinationThatCannotStartItByItselfSaysSo() throws Exception {
        a.guest(GUEST).setAutostart(true);
        b.fail(InMemoryHypervisor.Step.AUTOSTART);
        Reports reports = move();
        assertThat(b.stateOf(GUEST)).contains(GuestState.RUNNING);
        assertThat(reports.received().summary().notices())
                .singleElement()
                .satisfies(notice -> assertThat(notice.subject()).isEqualTo("autostart"));
    }

    @Test
    void aCopyIsNotStartedByItselfAndTheReportSaysSo() throws Exception {
        a.guest(GUEST).setAutostart(true);
        receiver = receiver.as(DomainSettings.asSaved().named("web-2").withNewUuid());
        Reports reports = move();
        assertThat(of(b, "web-2").autostart()).isFalse();
        assertThat(reports.received().summary().notices())
                .singleElement()
                .satisfies(notice -> assertThat(notice.subject()).isEqualTo("autostart"));
    }

    // ---- what only its host has

    private static void assertNamed(MigrationReport report, String... subjects) {
        assertThat(report.summary().notices())
                .allSatisfy(notice -> assertThat(notice.kind()).isEqualTo(Notice.Kind.NOT_CARRIED))
                .extracting(Notice::subject)
                .containsExactly(subjects);
    }

    @Test
    void aGuestIsNotMovedAwayFromItsSnapshots() throws Exception {
        a.add(GUEST, new LocalState(LocalState.Kind.SNAPSHOT, "before the upgrade"));
        a.add(GUEST, new LocalState(LocalState.Kind.CHECKPOINT, "monday"));
        migrator = migrator.allowingLossOf(Loss.SNAPSHOTS);

        VmmigException refused = refusal();

        assertThat(refused.problem()).isEqualTo(Problem.LOSS_NOT_ALLOWED);
        assertThat(refused.failure().source()).isEqualTo(EndState.UNTOUCHED);
        assertThat(refused).hasMessageContainingAll("checkpoint monday", "Loss.CHECKPOINTS");
        assertThat(refused.getMessage()).doesNotContain("before the upgrade");
        assertThat(a.stateOf(GUEST)).contains(GuestState.RUNNING);
    }

    @Test
    void whatMayBeLostIsNamedAtBothEnds() throws Exception {
        a.add(GUEST, new LocalState(LocalState.Kind.SNAPSHOT, "before the upgrade"));
        a.add(GUEST, new LocalState(LocalState.Kind.CHECKPOINT, "monday"));
        a.add(GUEST, new LocalState(LocalState.Kind.MANAGED_SAVE, GUEST));
        migrator = migrator.allowingLossOf(Loss.SNAPSHOTS, Loss.CHECKPOINTS, Loss.MANAGED_SAVE);

        Reports reports = move();

        assertNamed(reports.sent(), "snapshot before the upgrade", "checkpoint monday", "managed-save image " + GUEST);
        assertNamed(
                reports.received(), "snapshot before the upgrade", "checkpoint monday", "managed-save image " + GUEST);
    }

    @Test
    void aSnapshotThatSomebodyMakesMeanwhileIsNotLost() throws Exception {
        migrator = migrator.allowingLossOf(Loss.SNAPSHOTS)
                .onEvent(at(Phase.SUSPEND, () -> a.add(GUEST, new LocalState(LocalState.Kind.SNAPSHOT, "late"))));
        VmmigException failure = failure();
        assertThat(failure.problem()).isEqualTo(Problem.GUEST_BUSY);
        assertThat(failure).hasMessageContaining("snapshot late");
        assertThat(failure.failure().source()).isEqualTo(EndState.RUNS);
        assertThat(a.stateOf(GUEST)).contains(GuestState.RUNNING);
        assertThat(b.guests()).isEmpty();
    }

    /** An image with a directory of bitmaps, as QEMU leaves one when it lets go of it. */
    private static byte[] imageWithBitmaps() {
        ByteBuffer image = ByteBuffer.allocate(5 << 16);
        image.putInt(0x514649fb).putInt(3);
        image.putInt(20, 16).putLong(24, 1 << 20).putInt(36, 1).putLong(40, 3 << 16);
        image.putLong(48, 1 << 16).putInt(56, 1);
        image.putLong(88, 1).putInt(96, 4).putInt(100, 104);
        image.putInt(104, 0x23852875).putInt(108, 24).putInt(112, 1);
        image.putLong(1 << 16, 2 << 16);
        return image.array();
    }

    /** Of other tools than libvirt: no checkpoint tells of them. */
    @Test
    void dirtyBitmapsAreNotLostInSilence() throws Exception {
        Path disk = Files.write(directory.resolve("vdb.qcow2"), imageWithBitmaps());
        a.guest(GUEST).remove();
        a.start(Domains.xml(GUEST, Domains.disk("vdb", disk, "qcow2")), new byte[100_000], true);

        VmmigException refused = refusal();

        assertThat(refused.problem()).isEqualTo(Problem.LOSS_NOT_ALLOWED);
        assertThat(refused).hasMessageContainingAll("dirty bitmaps", disk.toString(), "Loss.CHECKPOINTS");
        migrator = migrator.allowingLossOf(Loss.CHECKPOINTS);
        Reports reports = move();
        assertNamed(reports.sent(), "dirty bitmaps in " + disk);
    }

    @Test
    void metadataThatIsLeftOutIsNamed() throws Exception {
        a.guest(GUEST).remove();
        a.start(
                live.replace("<vcpu>", "<metadata><t:team xmlns:t='http://example.org/t'>db</t:team></metadata><vcpu>"),
                new byte[100_000],
                true);
        assertNamed(move().received(), "metadata");
    }

    // ---- who it is

    @Test
    void aGuestThatMovesKeepsItsGenerationId() throws Exception {
        Reports reports = move();
        assertThat(DomainXml.parse(b.guest(GUEST).domainXml()).generationId())
                .contains(UUID.fromString("11111111-2222-4333-8444-555555555555"));
        assertThat(definition(b, GUEST).generationId())
                .contains(UUID.fromString("11111111-2222-4333-8444-555555555555"));
        assertThat(reports.received().domainChanges())
                .noneSatisfy(change -> assertThat(change.where()).isEqualTo("generation ID"));
    }

    @Test
    void aCopyLearnsThatItIsOne() throws Exception {
        receiver = receiver.as(DomainSettings.asSaved().named("web-2").withNewUuid());
        Reports reports = move();
        UUID id = DomainXml.parse(b.guest("web-2").domainXml()).generationId().orElseThrow();
        assertThat(id).isNotEqualTo(UUID.fromString("11111111-2222-4333-8444-555555555555"));
        assertThat(definition(b, "web-2").generationId()).contains(id);
        assertThat(reports.received().domainChanges()).anySatisfy(change -> {
            assertThat(change.where()).isEqualTo("generation ID");
            assertThat(change.before()).isEqualTo("11111111-2222-4333-8444-555555555555");
            assertThat(change.after()).isEqualTo(id.toString());
        });
    }
}
