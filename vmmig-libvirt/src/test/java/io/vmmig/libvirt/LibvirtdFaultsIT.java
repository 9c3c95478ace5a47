// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.hypervisor.Hypervisor.GuestId;
import io.vmmig.hypervisor.RestoreRequest;
import io.vmmig.hypervisor.RestoringGuest;
import io.vmmig.hypervisor.SavedGuest;
import io.vmmig.libvirt.binding.Connection;
import io.vmmig.libvirt.binding.HostView;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What goes wrong in libvirt, QEMU and streams. One kind of connection is enough to try it on: it takes minutes. */
@Tag("slow")
class LibvirtdFaultsIT extends RealGuests {
    private static final String HOST = "faults";

    private static String uri;
    private static Connection connection;

    @BeforeAll
    static void startHost() throws Exception {
        uri = Lab.run("host", "up", HOST);
        connection = Connection.open(uri);
    }

    @AfterAll
    static void stopHost() throws Exception {
        if (connection != null) {
            endGuests(connection);
            connection.close();
        }
        Lab.run("host", "down", HOST);
    }

    @Override
    String uri() {
        return uri;
    }

    @Override
    Connection connection() {
        return connection;
    }

    private RestoreRequest saveAndRetire(Path image) throws Exception {
        try (SavedGuest saved = hypervisor.guest(lab.name).save()) {
            drain(saved, image);
            RestoreRequest request = new RestoreRequest(saved.domainXml(), saved.cookie(), true);
            saved.retire();
            return request;
        }
    }

    /** Towards the end QEMU is done with what is still in the pipe, and libvirt opens the FIFO once more, for the header. */
    @Test
    void givingUpNearTheEndEndsTheSave() throws Exception {
        start(false);
        long bytes;
        try (SavedGuest saved = hypervisor.guest(lab.name).save()) {
            bytes = drain(saved, scratch.resolve("image"));
        }
        for (int mib = 0; mib < 2; mib++) {
            lab.awaitTicking();
            try (SavedGuest saved = hypervisor.guest(lab.name).save()) {
                saved.memory().readNBytes(Math.toIntExact(bytes - (mib << 20) - 1_000));
                saved.resume();
            }
        }
        lab.awaitTicking();
    }

    @Test
    void aTruncatedStreamRestoresNothing() throws Exception {
        start(false);
        Path image = scratch.resolve("image");
        RestoreRequest request = saveAndRetire(image);
        long bytes = Files.size(image);
        for (long kept : new long[] {0, 100, 1 << 20, bytes / 2}) {
            try (RestoringGuest restoring = hypervisor.restore(request)) {
                feed(restoring, image, kept);
                assertProblem(Problem.HYPERVISOR_FAILED, restoring::finish);
            }
            assertThat(hypervisor.guests()).extracting(GuestId::name).doesNotContain(lab.name);
        }
        try (RestoringGuest restoring = hypervisor.restore(request)) {
            assertThatThrownBy(() -> restoring.memory().write("QEVN".getBytes(StandardCharsets.US_ASCII)))
                    .hasMessageContaining("is not a QEMU stream");
        }
        RestoreRequest impossible = new RestoreRequest(
                request.domainXml().replaceFirst("<initrd>[^<]*<", "<initrd>/nowhere<"), request.cookie(), false);
        try (RestoringGuest restoring = hypervisor.restore(impossible)) {
            assertProblem(Problem.HYPERVISOR_FAILED, restoring::awaitReady);
        }
        // And none of that is in the way of a restore that is right.
        try (RestoringGuest restoring = hypervisor.restore(request)) {
            feed(restoring, image, bytes).finish().resume();
        }
        lab.awaitTicking();
        assertThat(hypervisor.guest(lab.name).persistent()).isTrue();
    }

    @Test
    void aRestoreThatIsGivenUpLeavesNothing() throws Exception {
        start(false);
        Path image = scratch.resolve("image");
        RestoreRequest request = saveAndRetire(image);
        long bytes = Files.size(image);
        hypervisor.restore(request).close();
        feed(hypervisor.restore(request), image, bytes / 2).close();
        feed(hypervisor.restore(request), image, bytes).close();
        try (RestoringGuest restoring = hypervisor.restore(request)) {
            feed(restoring, image, bytes).finish().close();
        }
        assertThat(hypervisor.guests()).extracting(GuestId::name).doesNotContain(lab.name);
    }

    /** A stopped QEMU process is one that hangs, as far as anyone can tell. */
    @Test
    void aQemuThatHangsEndsInATimeoutAndTheGuestCanContinueLater() throws Exception {
        start(false);
        hypervisor.close();
        hypervisor = LibvirtHypervisor.connect(
                uri(), options().withSaveStall(Duration.ofSeconds(1)).withCallDeadline(Duration.ofSeconds(2)));
        SavedGuest saved = hypervisor.guest(lab.name).save();
        lab.signal("STOP");
        assertThatThrownBy(() -> saved.memory().transferTo(OutputStream.nullOutputStream()))
                .cause()
                .isInstanceOfSatisfying(
                        VmmigException.class, e -> assertThat(e.problem()).isEqualTo(Problem.HYPERVISOR_TIMEOUT));
        assertProblem(Problem.HYPERVISOR_TIMEOUT, saved::resume);
        lab.signal("CONT");
        Await.until("the roll-back works once QEMU answers", Duration.ofSeconds(30), () -> {
            try {
                saved.resume();
                return true;
            } catch (VmmigException e) {
                return false;
            }
        });
        lab.awaitTicking();
    }

    @Test
    void aRestoreThatHangsEndsInATimeout() throws Exception {
        start(false);
        Path image = scratch.resolve("image");
        RestoreRequest request = saveAndRetire(image);
        long bytes = Files.size(image);
        hypervisor.close();
        hypervisor = LibvirtHypervisor.connect(uri(), options().withRestoreStall(Duration.ofSeconds(3)));
        try (RestoringGuest restoring = hypervisor.restore(request)) {
            feed(restoring, image, bytes / 3);
            lab.signal("STOP");
            assertThatThrownBy(() -> {
                        feed(restoring, image, bytes);
                        restoring.finish();
                    })
                    .satisfiesAnyOf(e -> assertThat(e).hasMessageContaining("HYPERVISOR_TIMEOUT"), e -> assertThat(e)
                            .hasRootCauseMessage("HYPERVISOR_TIMEOUT"));
        }
        assertThat(hypervisor.guests()).extracting(GuestId::name).doesNotContain(lab.name);
    }

    private static void signalLibvirtd(String signal) throws Exception {
        Lab.run("host", "exec", HOST, "bash", "-c", "kill -" + signal + " $(</run/libvirtd.pid)");
    }

    private static void awaitOver(Claims claims, UUID uuid) throws Exception {
        Await.until("what was given up is over", Duration.ofSeconds(30), () -> {
            try {
                claims.requireNoneLate(uuid, "it");
                return true;
            } catch (VmmigException e) {
                return false;
            }
        });
    }

    /** It stayed defined, without its disks, and was in the way of the next move. */
    @Test
    void aDefinitionThatComesTooLateIsTakenBack() throws Exception {
        start(false);
        UUID uuid = UUID.randomUUID();
        String xml = "<domain type='qemu'><name>latecomer</name><uuid>" + uuid
                + "</uuid><memory>65536</memory><os><type arch='x86_64'>hvm</type></os></domain>";
        Claims claims = new Claims();
        try (Calls calls = new Calls(new Link(LibvirtUri.parse(uri)), Duration.ofSeconds(2))) {
            GuestCalls latecomer = new GuestCalls(calls, claims, "latecomer", uuid);
            calls.call("connect", HostView::isAlive);
            signalLibvirtd("STOP");
            try {
                assertProblem(Problem.HYPERVISOR_TIMEOUT, () -> latecomer.define(xml));
                assertProblem(Problem.GUEST_BUSY, () -> claims.requireNoneLate(uuid, "latecomer"));
            } finally {
                signalLibvirtd("CONT");
            }
            awaitOver(claims, uuid);
        }
        assertThat(hypervisor.guests()).extracting(GuestId::name).doesNotContain("latecomer");
    }

    @Test
    void aSuspendThatComesTooLateIsTakenBack() throws Exception {
        start(false);
        UUID uuid = hypervisor.guest(lab.name).uuid();
        Claims claims = new Claims();
        try (Calls calls = new Calls(new Link(LibvirtUri.parse(uri)), Duration.ofSeconds(2))) {
            GuestCalls guest = new GuestCalls(calls, claims, lab.name, uuid);
            guest.state();
            lab.signal("STOP");
            try {
                assertProblem(Problem.HYPERVISOR_TIMEOUT, guest::suspend);
            } finally {
                lab.signal("CONT");
            }
            awaitOver(claims, uuid);
        }
        lab.awaitTicking();
    }

    /** As an upgrade of libvirt does it. */
    @Test
    void aGuestIsResumedThoughLibvirtdWasStartedAgainInTheMiddleOfItsSave() throws Exception {
        start(false);
        SavedGuest saved = hypervisor.guest(lab.name).save();
        saved.memory().readNBytes(1 << 20);
        Lab.run("host", "restart", HOST);
        connection.close();
        connection = Connection.open(uri);
        Await.until("it can be resumed", Duration.ofSeconds(30), () -> {
            try {
                saved.resume();
                return true;
            } catch (VmmigException e) {
                return false;
            }
        });
        lab.use(connection);
        lab.awaitTicking();
    }

    @Test
    void aGuestThatLibvirtIsBusyWithIsNotSaved() throws Exception {
        start(false);
        try (LibvirtHypervisor other = LibvirtHypervisor.connect(uri(), options());
                SavedGuest saved = other.guest(lab.name).save()) {
            assertProblem(Problem.GUEST_BUSY, () -> hypervisor.guest(lab.name).save());
            saved.resume();
        }
        lab.awaitTicking();
    }

    @Test
    void aStoppedGuestCannotBeSaved() throws Exception {
        start(true);
        Guest guest = hypervisor.guest(lab.name);
        try (var domain = connection().domain(lab.name)) {
            domain.destroy();
        }
        assertThat(guest.state()).isEqualTo(GuestState.STOPPED);
        assertProblem(Problem.GUEST_NOT_RUNNING, guest::save);
    }

    @Test
    void aKnownGuestIsNotRestoredOver() throws Exception {
        start(false);
        String xml = hypervisor.guest(lab.name).domainXml();
        assertProblem(Problem.NAME_IN_USE, () -> hypervisor.restore(new RestoreRequest(xml, null, false)));
        String renamed = xml.replace("<name>guest<", "<name>other<");
        assertProblem(Problem.UUID_IN_USE, () -> hypervisor.restore(new RestoreRequest(renamed, null, false)));
        lab.awaitTicking();
    }
}
