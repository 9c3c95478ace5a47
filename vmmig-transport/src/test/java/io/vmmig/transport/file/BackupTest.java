// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vmmig.Migrator;
import io.vmmig.bundle.Manifest;
import io.vmmig.error.EndState;
import io.vmmig.error.Failure;
import io.vmmig.error.Phase;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.event.MigrationEvent;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.report.SourceReport;
import io.vmmig.testkit.InMemoryHypervisor;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.HandOverJournal;
import io.vmmig.transport.Outcome;
import io.vmmig.transport.PackageStore;
import io.vmmig.transport.PackageUpload;
import io.vmmig.transport.StoredPackage;
import io.vmmig.transport.Transport;
import io.vmmig.transport.testing.States;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is packed into a file stays where it is, unless its caller has said that it is to be removed. */
@Tag("once")
@Timeout(60)
class BackupTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String XML = "<domain type='qemu'><name>web-1</name><uuid>" + UUID.randomUUID() + "</uuid>"
            + "<memory unit='KiB'>262144</memory><vcpu>1</vcpu>"
            + "<os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>"
            + "<devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices></domain>";

    @TempDir
    Path temp;

    private final States states = new States();

    private final InMemoryHypervisor host = new InMemoryHypervisor("host");
    private Path file;

    @AfterEach
    void stopBuilding() throws Exception {
        states.close();
    }

    @BeforeEach
    void start() throws Exception {
        host.start(XML, new byte[100_000], true);
        file = temp.resolve("web-1.vmmig");
    }

    private Migrator packing() throws Exception {
        return packing(PackageFile.at(file).unsealed());
    }

    private Migrator packing(Transport transport) throws Exception {
        return Migrator.of(host)
                .from("web-1")
                .state(states.open(temp.resolve("state")))
                .inquiryTimeout(Duration.ZERO)
                .to(transport);
    }

    @Test
    void leavesTheGuestRunning() throws Exception {
        SourceReport report = packing().start().await(SOON);
        assertThat(host.stateOf("web-1")).contains(GuestState.RUNNING);
        assertThat(report.resumedAt()).isNotNull();
        assertThat(file).isNotEmptyFile();
    }

    @Test
    void removesTheGuestWhereThatWasSaid() throws Exception {
        SourceReport report = packing().removingTheGuest().start().await(SOON);
        assertThat(host.guests()).isEmpty();
        assertThat(report.resumedAt()).isNull();
        assertThat(file).isNotEmptyFile();
    }

    /** It is not kept paused while a disk or a server takes its time. */
    @Test
    void theGuestRunsBeforeItsPackageIsComplete() throws Exception {
        List<Phase> phases = Collections.synchronizedList(new ArrayList<>());
        packing(new Unreliable(PackageFile.at(file).unsealed(), () -> {
                    assertThat(host.stateOf("web-1")).contains(GuestState.RUNNING);
                    return Outcome.TAKEN;
                }))
                .onEvent(event -> {
                    if (event instanceof MigrationEvent.PhaseStarted) {
                        phases.add(event.phase());
                    }
                })
                .start()
                .await(SOON);
        assertThat(phases)
                .containsSubsequence(Phase.SUSPEND, Phase.SNAPSHOT, Phase.RESUME, Phase.COMMIT)
                .doesNotContain(Phase.RETIRE);
    }

    @Test
    void theGuestRunsThoughNobodyKnowsWhetherItsPackageIsComplete() throws Exception {
        VmmigException e = failureOf(Outcome.UNDER_WAY);
        assertThat(e.problem()).isEqualTo(Problem.OUTCOME_UNKNOWN);
        assertThat(e.failure().source()).isEqualTo(EndState.RUNS);
        assertThat(e.failure().destination()).isEqualTo(EndState.UNKNOWN);
    }

    @Test
    void theGuestRunsThoughItsPackageIsLost() throws Exception {
        VmmigException e = failureOf(Outcome.NOT_TAKEN);
        assertThat(e.problem()).isEqualTo(Problem.CONNECTION_LOST);
        assertThat(e.failure().source()).isEqualTo(EndState.RUNS);
        assertThat(e.failure().destination()).isEqualTo(EndState.NOT_HANDED_OVER);
    }

    private VmmigException failureOf(Outcome outcome) throws Exception {
        Migrator packing = packing(new Unreliable(PackageFile.at(file).unsealed(), () -> outcome));
        VmmigException e =
                catchThrowableOfType(VmmigException.class, () -> packing.start().await(SOON));
        assertThat(host.stateOf("web-1")).contains(GuestState.RUNNING);
        return e;
    }

    @Test
    void theGuestRunsThoughItsFileCannotBeNamed() throws Exception {
        Migrator packing = packing(new Unreliable(PackageFile.at(file).unsealed(), null));
        VmmigException e =
                catchThrowableOfType(VmmigException.class, () -> packing.start().await(SOON));
        assertThat(e.problem()).isEqualTo(Problem.FILE_FAILED);
        assertThat(e.failure().source()).isEqualTo(EndState.RUNS);
        assertThat(host.stateOf("web-1")).contains(GuestState.RUNNING);
        assertThat(Files.list(temp).filter(path -> path.toString().contains("vmmig")))
                .isEmpty();
    }

    @FunctionalInterface
    private interface Answer {
        Outcome get();
    }

    /** A store whose answer to the last step is lost. */
    private record Unreliable(PackageStore store, @Nullable Answer answer) implements PackageStore {
        @Override
        public PackageUpload put() throws VmmigException {
            return new LosingUpload(store.put(), answer != null);
        }

        @Override
        public StoredPackage open() throws VmmigException {
            return store.open();
        }

        @Override
        public String description() {
            return store.description();
        }

        @Override
        public Optional<String> address() {
            return Optional.empty();
        }

        @Override
        public Outcome outcomeOf(UUID packageId, HandOverJournal journal) {
            return answer == null ? Outcome.UNHEARD_OF : answer.get();
        }
    }

    private record LosingUpload(PackageUpload upload, boolean lost) implements PackageUpload {
        @Override
        public Acceptance begin(Manifest manifest) throws VmmigException {
            return upload.begin(manifest);
        }

        @Override
        public OutputStream packageStream() {
            return upload.packageStream();
        }

        @Override
        public void finish() throws VmmigException {
            upload.finish();
        }

        @Override
        public void publish(HandOverJournal journal) throws VmmigException {
            throw VmmigException.of(
                    lost ? Problem.OUTCOME_UNKNOWN : Problem.FILE_FAILED, "the last step failed", "Look at it.");
        }

        @Override
        public void abort(@Nullable Failure reason) {
            upload.abort(reason);
        }

        @Override
        public void close() {
            upload.close();
        }
    }
}
