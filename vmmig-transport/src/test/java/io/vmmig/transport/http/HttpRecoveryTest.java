// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.Migration;
import io.vmmig.Migrator;
import io.vmmig.Recovery;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.report.RecoveryReport.Resolution;
import io.vmmig.report.RecoveryReport.Result;
import io.vmmig.report.SourceReport;
import io.vmmig.state.HostState;
import io.vmmig.testkit.InMemoryHypervisor;
import io.vmmig.transport.testing.DyingStore;
import io.vmmig.transport.testing.DyingStore.Moment;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A crash while a guest goes to an HTTP server: what is there tells what became of it. */
@Tag("once")
@Timeout(60)
class HttpRecoveryTest {
    private static final String XML = "<domain type='qemu'><name>web-1</name><uuid>" + UUID.randomUUID() + "</uuid>"
            + "<memory unit='KiB'>262144</memory><vcpu>1</vcpu>"
            + "<os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>"
            + "<devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices></domain>";

    private static final int SOON_MILLIS = 20_000;

    @TempDir
    Path temp;

    private final InMemoryHypervisor host = new InMemoryHypervisor("host");
    private HostState state;
    private Web web;
    private HttpPackage there;

    @BeforeEach
    void start() throws Exception {
        host.start(XML, new byte[100_000], true);
        state = HostState.open(temp.resolve("state"));
        web = new Web(temp.resolve("server"));
        there = web.at("web-1", HostIdentity.in(temp.resolve("identity")), temp.resolve("spool"));
    }

    @AfterEach
    void stop() throws Exception {
        state.images().references().close();
        web.close();
    }

    private Migrator dyingAt(Moment moment) {
        return Migrator.of(host).from("web-1").state(state).to(new DyingStore(there, moment));
    }

    /** As the program leaves it that dies there while it gives the guest away. */
    private void crash(Moment moment) throws Exception {
        crash(dyingAt(moment).removingTheGuest());
    }

    private static void crash(Migrator migrator) {
        Migration<SourceReport> migration = migrator.start();
        assertThatThrownBy(migration::await).hasStackTraceContaining("it dies");
    }

    private Resolution recover() throws Exception {
        return recover(SOON_MILLIS);
    }

    private Resolution recover(int retryMillis) throws Exception {
        List<Resolution> resolutions = Recovery.of(host)
                .state(state)
                .asking(address -> HttpPackage.at(URI.create(address)).over(Web.access(retryMillis)))
                .run()
                .resolutions();
        assertThat(resolutions).hasSize(1);
        return resolutions.get(0);
    }

    private void assertContinues(Result result) throws Exception {
        assertThat(web.files()).isNotEmpty();
        assertThat(recover().result()).isEqualTo(result);
        assertThat(host.stateOf("web-1")).contains(GuestState.RUNNING);
        assertThat(web.files()).isEmpty();
    }

    @Test
    void beforeTheHandOver() throws Exception {
        crash(Moment.BEFORE_HAND_OVER);
        assertContinues(Result.RECORDED);
    }

    @Test
    void beforeTheIndexWasThere() throws Exception {
        crash(Moment.BEFORE_PUBLISHING);
        assertContinues(Result.RESUMED);
    }

    @Test
    void whenTheIndexIsThere() throws Exception {
        crash(Moment.AFTER_PUBLISHING);
        assertThat(recover().result()).isEqualTo(Result.RETIRED);
        assertThat(host.guests()).isEmpty();
        assertThat(web.files()).contains("web-1/index");
    }

    /** A backup gives nothing away: the guest runs on whenever its program dies, and recovery clears what is no package. */
    @ParameterizedTest
    @EnumSource
    void ofABackup(Moment moment) throws Exception {
        crash(dyingAt(moment));
        assertThat(host.stateOf("web-1")).contains(GuestState.RUNNING);
        assertThat(recover().result()).isEqualTo(Result.RECORDED);
        assertThat(host.stateOf("web-1")).contains(GuestState.RUNNING);
        if (moment == Moment.AFTER_PUBLISHING) {
            assertThat(web.files()).contains("web-1/index");
        } else {
            assertThat(web.files()).isEmpty();
        }
    }

    /** Its user may pause it as soon as it has been read; that is nothing for a recovery to undo. */
    @Test
    void ofABackupWhoseGuestWasPausedByItsUser() throws Exception {
        crash(dyingAt(Moment.BEFORE_PUBLISHING));
        try (var saved = host.guest("web-1").save()) {
            saved.leavePaused();
        }
        assertThat(recover().result()).isEqualTo(Result.RECORDED);
        assertThat(host.stateOf("web-1")).contains(GuestState.PAUSED);
    }

    @Test
    void whenTheServerCannotBeReached() throws Exception {
        crash(Moment.AFTER_PUBLISHING);
        web.stop();
        assertThat(recover(300).result()).isEqualTo(Result.LEFT_OPEN);
        assertThat(host.stateOf("web-1")).contains(GuestState.PAUSED);
        web.startAgain();
        assertThat(recover().result()).isEqualTo(Result.RETIRED);
    }

    @Test
    void whenSomebodyHasTakenThePackageAway() throws Exception {
        crash(Moment.AFTER_PUBLISHING);
        for (String file : web.files()) {
            Files.delete(web.directory.resolve(file));
        }
        Resolution resolution = recover();
        assertThat(resolution.result()).isEqualTo(Result.LEFT_OPEN);
        assertThat(resolution.what()).contains(there.description()).contains("paused here");
        assertThat(host.stateOf("web-1")).contains(GuestState.PAUSED);
    }
}
