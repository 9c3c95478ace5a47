// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.Recovery;
import io.vmmig.handover.DepartureJournal;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.report.RecoveryReport.Result;
import io.vmmig.report.RecoveryReport.Settlement;
import io.vmmig.state.HostState;
import io.vmmig.transport.PackagePart;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A crash while a guest goes into a package file: the names in the directory tell what became of it. */
class FileRecoveryTest {
    @TempDir
    Path directory;

    private final InMemoryHypervisor host = new InMemoryHypervisor("host");
    private final UUID packageId = UUID.randomUUID();
    private HostState state;
    private Path file;
    private Path part;

    @BeforeEach
    void startGuest() throws Exception {
        host.start(Domains.xml("web-1", ""), new byte[100_000], true);
        host.guest("web-1").save().leavePaused();
        state = HostState.open(directory.resolve("state"));
        file = directory.resolve("web-1.vmmig");
        part = new PackagePart(file, packageId).path();
    }

    @AfterEach
    void close() throws Exception {
        state.images().references().close();
    }

    private void crash(boolean committed) throws Exception {
        String address = PackagePart.address(file);
        try (DepartureJournal journal = DepartureJournal.begin(
                state,
                new DepartureJournal.Facts(
                        packageId, "web-1", host.guest("web-1").uuid(), true, false, address, List.of(), null))) {
            if (committed) {
                journal.commit();
            }
        }
    }

    private Settlement recover() throws Exception {
        List<Settlement> settlements = Recovery.of(host).state(state).run().settlements();
        assertThat(settlements).hasSize(1);
        return settlements.get(0);
    }

    private void assertGoesOn() throws Exception {
        assertThat(recover().result()).isEqualTo(Result.RESUMED);
        assertThat(host.stateOf("web-1")).contains(GuestState.RUNNING);
        assertThat(part).doesNotExist();
        assertThat(Recovery.of(host).state(state).run().settlements()).isEmpty();
    }

    private void assertGone() throws Exception {
        assertThat(recover().result()).isEqualTo(Result.RETIRED);
        assertThat(host.guests()).isEmpty();
        assertThat(part).doesNotExist();
        assertThat(file).exists();
    }

    @Test
    void beforeTheHandOver() throws Exception {
        Files.writeString(part, "half of it");
        crash(false);

        assertGoesOn();
        assertThat(file).doesNotExist();
    }

    @Test
    void beforeTheFileHasItsName() throws Exception {
        Files.writeString(part, "all of it");
        crash(true);

        assertGoesOn();
        assertThat(file).doesNotExist();
    }

    @Test
    void beforeTheFileReplacesAnother() throws Exception {
        Files.writeString(part, "all of it");
        Files.writeString(file, "an earlier package");
        crash(true);

        assertGoesOn();
        assertThat(file).hasContent("an earlier package");
    }

    @Test
    void whenTheFileHasBothNames() throws Exception {
        Files.writeString(part, "all of it");
        Files.createLink(file, part);
        crash(true);

        assertGone();
    }

    @Test
    void whenTheFileHasItsName() throws Exception {
        Files.writeString(file, "all of it");
        crash(true);

        assertGone();
    }

    @Test
    void whenSomebodyHasTakenTheFileAway() throws Exception {
        crash(true);

        Settlement settlement = recover();
        assertThat(settlement.result()).isEqualTo(Result.LEFT_OPEN);
        assertThat(settlement.what()).contains(file.toString()).contains("paused here");
        assertThat(host.stateOf("web-1")).contains(GuestState.PAUSED);
    }
}
