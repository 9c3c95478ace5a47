// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.Migration;
import io.vmmig.Migrator;
import io.vmmig.Recovery;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.report.RecoveryReport.Resolution;
import io.vmmig.report.RecoveryReport.Result;
import io.vmmig.report.SourceReport;
import io.vmmig.state.HostState;
import io.vmmig.testkit.InMemoryHypervisor;
import io.vmmig.transport.testing.DyingStore;
import io.vmmig.transport.testing.DyingStore.Moment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A crash while a guest goes into a package file: the names in the directory tell what became of it. */
class FileRecoveryTest {
    private static final String XML = "<domain type='qemu'><name>web-1</name><uuid>" + UUID.randomUUID() + "</uuid>"
            + "<memory unit='KiB'>262144</memory><vcpu>1</vcpu>"
            + "<os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>"
            + "<devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices></domain>";

    @TempDir
    Path directory;

    private final InMemoryHypervisor host = new InMemoryHypervisor("host");
    private HostState state;
    private Path file;
    private Path part;

    @BeforeEach
    void startGuest() throws Exception {
        host.start(XML, new byte[100_000], true);
        state = HostState.open(directory.resolve("state"));
        file = directory.resolve("web-1.vmmig");
    }

    @AfterEach
    void close() throws Exception {
        state.images().references().close();
    }

    private void crash(Moment moment) throws Exception {
        Migration<SourceReport> migration = Migrator.of(host)
                .from("web-1")
                .state(state)
                .removingTheGuest()
                .to(new DyingStore(PackageFile.at(file).unsealed().replacing(), moment))
                .start();
        assertThatThrownBy(migration::await).hasStackTraceContaining("it dies");
        try (Stream<Path> files = Files.list(directory)) {
            part = files.filter(path -> path.toString().endsWith(".vmmig-part"))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private Resolution recover() throws Exception {
        List<Resolution> resolutions = Recovery.of(host).state(state).run().resolutions();
        assertThat(resolutions).hasSize(1);
        return resolutions.get(0);
    }

    private void assertContinues(Result result) throws Exception {
        assertThat(recover().result()).isEqualTo(result);
        assertThat(host.stateOf("web-1")).contains(GuestState.RUNNING);
        assertThat(part).doesNotExist();
        assertThat(Recovery.of(host).state(state).run().resolutions()).isEmpty();
    }

    private void assertGone() throws Exception {
        assertThat(recover().result()).isEqualTo(Result.RETIRED);
        assertThat(host.guests()).isEmpty();
        assertThat(part).doesNotExist();
        assertThat(file).exists();
    }

    @Test
    void beforeTheHandOver() throws Exception {
        crash(Moment.BEFORE_HAND_OVER);

        assertContinues(Result.RECORDED);
        assertThat(file).doesNotExist();
    }

    @Test
    void beforeTheFileHasItsName() throws Exception {
        crash(Moment.BEFORE_PUBLISHING);

        assertContinues(Result.RESUMED);
        assertThat(file).doesNotExist();
    }

    @Test
    void beforeTheFileReplacesAnother() throws Exception {
        Files.writeString(file, "an earlier package");
        crash(Moment.BEFORE_PUBLISHING);

        assertContinues(Result.RESUMED);
        assertThat(file).hasContent("an earlier package");
    }

    @Test
    void whenTheFileHasBothNames() throws Exception {
        crash(Moment.BEFORE_PUBLISHING);
        Files.createLink(file, part);

        assertGone();
    }

    @Test
    void whenTheFileHasItsName() throws Exception {
        crash(Moment.BEFORE_PUBLISHING);
        Files.move(part, file);

        assertGone();
    }

    @Test
    void whenSomebodyHasTakenTheFileAway() throws Exception {
        crash(Moment.BEFORE_PUBLISHING);
        Files.delete(part);

        Resolution resolution = recover();
        assertThat(resolution.result()).isEqualTo(Result.LEFT_OPEN);
        assertThat(resolution.what()).contains(file.toString()).contains("paused here");
        assertThat(host.stateOf("web-1")).contains(GuestState.PAUSED);
    }
}
