// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.domain.DomainXml;
import io.vmmig.domain.NamedPaths;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.hypervisor.Interference;
import io.vmmig.hypervisor.RestoreRequest;
import io.vmmig.hypervisor.RestoredGuest;
import io.vmmig.hypervisor.RestoringGuest;
import io.vmmig.hypervisor.SavedGuest;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/**
 * What every {@link Hypervisor} has to do. Implementers extend this class in their tests, with a hypervisor that has one
 * running guest.
 */
public abstract class HypervisorContract {
    /** For extension by tests. */
    protected HypervisorContract() {}

    /** The hypervisor under test; the same one throughout a test. */
    protected abstract Hypervisor hypervisor() throws Exception;

    /** The name of a running guest, started anew for the test if it is not there. */
    protected abstract String runningGuest() throws Exception;

    private Guest guest() throws Exception {
        return hypervisor().guest(runningGuest());
    }

    @Test
    void knowsItsGuest() throws Exception {
        Guest guest = guest();
        assertThat(guest.state()).isEqualTo(GuestState.RUNNING);
        assertThat(hypervisor().guests()).contains(new Hypervisor.GuestId(guest.name(), guest.uuid()));
        assertThat(guest.domainXml())
                .contains(guest.name())
                .contains(guest.uuid().toString());
    }

    @Test
    void namesItsEmulators() throws Exception {
        assertThat(hypervisor().capabilities().emulators()).isNotEmpty();
        assertThat(hypervisor().capabilities().freeMemoryBytes()).isPositive();
    }

    @Test
    void namesTheFilesOfOtherGuests() throws Exception {
        Guest guest = guest();
        Set<Path> named = NamedPaths.in(guest.domainXml());

        assertThat(hypervisor().filesInUse(UUID.randomUUID()))
                .filteredOn(file -> file.guest().equals(guest.name()))
                .extracting(Hypervisor.FileInUse::path)
                .containsAll(named);
        assertThat(hypervisor().filesInUse(guest.uuid()))
                .noneMatch(file -> file.guest().equals(guest.name()));
    }

    @Test
    void sharesADirectoryIfAnyAtAll() throws Exception {
        Optional<Path> shared = hypervisor().sharedDirectory();
        assertThat(hypervisor().sharedDirectory()).isEqualTo(shared);
        shared.ifPresent(directory -> assertThat(directory).isDirectory().isWritable());
    }

    @Test
    void refusesAnUnknownGuest() {
        assertThatThrownBy(() -> hypervisor().guest("no-such-guest"))
                .isInstanceOfSatisfying(
                        VmmigException.class, e -> assertThat(e.problem()).isEqualTo(Problem.GUEST_UNKNOWN));
    }

    @Test
    void savedGuestIsPausedAndContinuesWhenClosed() throws Exception {
        Guest guest = guest();
        try (SavedGuest saved = guest.save()) {
            assertThat(saved.wasRunning()).isTrue();
            assertThat(guest.state()).isEqualTo(GuestState.PAUSED);
        }
        assertThat(guest.state()).isEqualTo(GuestState.RUNNING);
    }

    @Test
    void savedGuestContinuesAfterItsWholeStreamWasRead() throws Exception {
        Guest guest = guest();
        try (SavedGuest saved = guest.save()) {
            assertThat(saved.memory().transferTo(OutputStream.nullOutputStream()))
                    .isPositive();
            saved.resume();
            saved.resume();
        }
        assertThat(guest.state()).isEqualTo(GuestState.RUNNING);
    }

    @Test
    void canBeSavedAgainAfterARollback() throws Exception {
        for (int i = 0; i < 2; i++) {
            try (SavedGuest saved = guest().save()) {
                saved.memory().readNBytes(4096);
            }
        }
        assertThat(guest().state()).isEqualTo(GuestState.RUNNING);
    }

    @Test
    void canBeSavedAgainAfterItWasLeftPaused() throws Exception {
        SavedGuest left = guest().save();
        left.memory().readNBytes(4096);
        left.leavePaused();
        left.close();
        assertThat(guest().state()).isEqualTo(GuestState.PAUSED);
        guest().resume();
        try (SavedGuest saved = guest().save()) {
            assertThat(saved.wasRunning()).isTrue();
            saved.resume();
            saved.leavePaused();
        }
        assertThat(guest().state()).isEqualTo(GuestState.RUNNING);
    }

    @Test
    void aSavedGuestThatNobodyTouchesIsSaidToBeUntouched() throws Exception {
        try (SavedGuest saved = guest().save()) {
            assertThat(saved.interference()).isEmpty();
            saved.memory().transferTo(OutputStream.nullOutputStream());
            assertThat(saved.interference()).isEmpty();
        }
        assertThat(guest().state()).isEqualTo(GuestState.RUNNING);
    }

    @Test
    void noticesThatSomebodyResumedASavedGuestAndLeavesItRunning() throws Exception {
        try (SavedGuest saved = guest().save()) {
            saved.memory().transferTo(OutputStream.nullOutputStream());
            guest().resume();
            assertThat(saved.interference()).get().satisfies(seen -> {
                assertThat(seen.kind()).isEqualTo(Interference.Kind.RAN);
                assertThat(seen.now()).isEqualTo(GuestState.RUNNING);
                assertThat(seen.at()).isBetween(saved.suspendedAt(), Instant.now());
                assertThat(seen.what()).isNotBlank();
            });
            saved.resume();
        }
        assertThat(guest().state()).isEqualTo(GuestState.RUNNING);
    }

    @Test
    void noticesThatSomebodyEndedASavedGuestAndDoesNotBringItBack() throws Exception {
        Guest guest = guest();
        try (SavedGuest saved = guest.save()) {
            saved.memory().transferTo(OutputStream.nullOutputStream());
            guest.remove();
            assertThat(saved.interference()).get().satisfies(seen -> {
                assertThat(seen.kind()).isEqualTo(Interference.Kind.ENDED);
                assertThat(seen.now()).isEqualTo(GuestState.STOPPED);
            });
            assertThatThrownBy(saved::resume).isInstanceOfSatisfying(VmmigException.class, e -> assertThat(e.problem())
                    .isEqualTo(Problem.GUEST_NOT_RUNNING));
            saved.leavePaused();
        }
        assertThat(names()).doesNotContain(guest.name());
    }

    @Test
    void noticesWhatOthersDoToARestoredGuest() throws Exception {
        byte[][] memory = new byte[1][];
        RestoreRequest request = retireAndKeep(memory);
        try (RestoringGuest restoring = hypervisor().restore(request)) {
            restoring.memory().write(memory[0]);
            try (RestoredGuest restored = restoring.finish()) {
                assertThat(restored.interference()).isEmpty();
                hypervisor().guest(restored.name()).resume();
                assertThat(restored.interference())
                        .get()
                        .extracting(Interference::kind, Interference::now)
                        .containsExactly(Interference.Kind.RAN, GuestState.RUNNING);
                hypervisor().guest(restored.name()).remove();
                assertThat(restored.interference())
                        .get()
                        .extracting(Interference::kind)
                        .isEqualTo(Interference.Kind.ENDED);
            }
        }
        assertThat(names()).doesNotContain(nameIn(request));
    }

    @Test
    void refusesASecondSaveMeanwhile() throws Exception {
        Guest guest = guest();
        try (SavedGuest saved = guest.save()) {
            assertThat(saved.suspendedAt()).isBeforeOrEqualTo(Instant.now());
            assertThatThrownBy(() -> hypervisor().guest(guest.name()).save())
                    .isInstanceOfSatisfying(
                            VmmigException.class, e -> assertThat(e.problem()).isEqualTo(Problem.GUEST_BUSY));
        }
        assertThat(guest.state()).isEqualTo(GuestState.RUNNING);
    }

    @Test
    void retiresRestoresAndResumes() throws Exception {
        Guest guest = guest();
        byte[] memory;
        RestoreRequest request;
        try (SavedGuest saved = guest.save()) {
            try (InputStream in = saved.memory()) {
                memory = in.readAllBytes();
            }
            request = new RestoreRequest(saved.domainXml(), saved.cookie(), false);
            saved.retire();
            saved.retire();
        }
        assertThat(names()).doesNotContain(guest.name());

        try (RestoringGuest restoring = hypervisor().restore(request)) {
            restoring.memory().write(memory);
            try (RestoredGuest restored = restoring.finish()) {
                assertThat(restored.name()).isEqualTo(guest.name());
                assertThat(guest().state()).isEqualTo(GuestState.PAUSED);
                restored.resume();
            }
        }
        assertThat(hypervisor().guest(guest.name()).state()).isEqualTo(GuestState.RUNNING);
    }

    @Test
    void leavesNothingOfARestoredGuestThatIsNotResumed() throws Exception {
        byte[][] memory = new byte[1][];
        RestoreRequest request = retireAndKeep(memory);
        try (RestoringGuest restoring = hypervisor().restore(request)) {
            restoring.memory().write(memory[0]);
            restoring.finish().close();
        }
        assertThat(names()).doesNotContain(nameIn(request));
    }

    @Test
    void leavesNothingOfAnAbortedRestore() throws Exception {
        byte[][] memory = new byte[1][];
        RestoreRequest request = retireAndKeep(memory);
        try (RestoringGuest restoring = hypervisor().restore(request)) {
            restoring.memory().write(memory[0], 0, memory[0].length / 2);
        } catch (IOException e) {
            throw new AssertionError("half of a stream can be written", e);
        }
        assertThat(names()).doesNotContain(nameIn(request));
    }

    private RestoreRequest retireAndKeep(byte[][] memory) throws Exception {
        try (SavedGuest saved = guest().save()) {
            try (InputStream in = saved.memory()) {
                memory[0] = in.readAllBytes();
            }
            RestoreRequest request = new RestoreRequest(saved.domainXml(), saved.cookie(), false);
            saved.retire();
            return request;
        }
    }

    private List<String> names() throws Exception {
        return hypervisor().guests().stream().map(Hypervisor.GuestId::name).toList();
    }

    private static String nameIn(RestoreRequest request) throws Exception {
        return DomainXml.parse(request.domainXml()).name();
    }
}
