// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.Migration;
import io.vmmig.Migrator;
import io.vmmig.Receiver;
import io.vmmig.Recovery;
import io.vmmig.domain.DomainSettings;
import io.vmmig.error.EndState;
import io.vmmig.error.Phase;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.event.MigrationEvent;
import io.vmmig.files.Claim;
import io.vmmig.handover.ArrivalJournal;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.report.DestinationReport;
import io.vmmig.report.Notice;
import io.vmmig.report.SourceReport;
import io.vmmig.state.HostState;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Guests that want the same name, uuid or path at once, and files that more than one guest uses. */
@Timeout(60)
class ClaimsTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final String GUEST = "web-1";

    @TempDir
    private Path directory;

    private final InMemoryHypervisor a = new InMemoryHypervisor("host-a");
    private final InMemoryHypervisor b = new InMemoryHypervisor("host-b");
    private final InMemoryHypervisor c = new InMemoryHypervisor("host-c");
    private final byte[] memory = new byte[2_000_000];
    private final List<HostState> states = new ArrayList<>();
    private Path guests;
    private HostState stateOfB;

    @BeforeEach
    void startGuest() throws Exception {
        new Random(1).nextBytes(memory);
        a.start(Domains.xml(GUEST, disk("a", "vda", 300_000)), memory, true);
        guests = Files.createDirectory(directory.resolve("guests"));
        stateOfB = state("state-of-b");
    }

    @AfterEach
    void stopBuilding() throws Exception {
        for (HostState state : states) {
            state.images().references().close();
        }
    }

    private HostState state(String name) throws Exception {
        HostState state = HostState.open(directory.resolve(name));
        states.add(state);
        return state;
    }

    private String disk(String host, String target, int bytes) throws Exception {
        byte[] content = new byte[bytes];
        new Random(host.hashCode()).nextBytes(content);
        Path home = Files.createDirectories(directory.resolve("disks-of-" + host));
        return Domains.disk(target, Files.write(home.resolve(target + ".raw"), content), "raw");
    }

    private static VmmigException failureOf(Migration<?> migration) {
        try {
            migration.await(SOON);
        } catch (VmmigException e) {
            return e;
        } catch (Exception e) {
            throw new AssertionError(e);
        }
        throw new AssertionError("the migration went well");
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            if (!latch.await(20, TimeUnit.SECONDS)) {
                throw new AssertionError("the other one did not get that far");
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** The destination retains the package afterwards, for seconds; the guest may leave, and another come, meanwhile. */
    @Test
    void whatHasArrivedClaimsNothingWhenItsSourceLearnsOfIt() throws Exception {
        InMemoryTransport transport = new InMemoryTransport();
        List<Path> claimed = new ArrayList<>();
        Migration<SourceReport> sending = Migrator.of(a)
                .state(state("state-of-a"))
                .from(GUEST)
                .to(transport)
                .onEvent(event -> {
                    if (event instanceof MigrationEvent.PhaseStarted && event.phase() == Phase.SNAPSHOT) {
                        claimed.add(Claim.besides(guests.resolve(GUEST)));
                        assertThat(claimed.get(0)).exists();
                    } else if (event instanceof MigrationEvent.PhaseStarted && event.phase() == Phase.RETIRE) {
                        claimed.removeIf(Files::notExists);
                    }
                })
                .start();
        Receiver.of(b)
                .into(guests)
                .state(stateOfB)
                .receive(transport.accept(SOON))
                .await(SOON);
        sending.await(SOON);

        assertThat(claimed)
                .as("what was claimed when the source retired its guest")
                .isEmpty();
        assertThat(b.stateOf(GUEST)).contains(GuestState.RUNNING);
    }

    /** One that stays where it is, with its disks at the destination, until it is let go on. */
    private final class Halfway {
        private final CountDownLatch there = new CountDownLatch(1);
        private final CountDownLatch proceed = new CountDownLatch(1);
        private final Migration<SourceReport> sending;
        private final Migration<DestinationReport> receiving;

        Halfway(Receiver receiver) throws Exception {
            InMemoryTransport transport = new InMemoryTransport();
            sending = Migrator.of(a)
                    .state(state("state-of-a"))
                    .from(GUEST)
                    .to(transport)
                    .onEvent(event -> {
                        if (event.phase() == Phase.SNAPSHOT) {
                            there.countDown();
                            awaitQuietly(proceed);
                        }
                    })
                    .start();
            receiving = receiver.receive(transport.accept(SOON));
            awaitQuietly(there);
        }

        void arrives() throws Exception {
            proceed.countDown();
            receiving.await(SOON);
            sending.await(SOON);
            assertThat(b.memoryOf(GUEST)).contains(memory);
            assertThat(guests.resolve(GUEST).resolve("vda.0.raw"))
                    .hasBinaryContent(Files.readAllBytes(directory.resolve("disks-of-a/vda.raw")));
            assertThat(guests.toFile().list()).as("no claim is left").containsExactly(GUEST);
        }
    }

    private VmmigException refused(InMemoryHypervisor source, Receiver receiver) throws Exception {
        InMemoryTransport transport = new InMemoryTransport();
        List<Phase> phases = Collections.synchronizedList(new ArrayList<>());
        Migration<SourceReport> sending = Migrator.of(source)
                .state(state("state-of-another-source"))
                .from(GUEST)
                .to(transport)
                .onEvent(event -> phases.add(event.phase()))
                .start();
        Migration<DestinationReport> receiving = receiver.receive(transport.accept(SOON));
        VmmigException here = failureOf(sending);
        VmmigException there = failureOf(receiving);
        assertThat(here.problem()).isEqualTo(there.problem());
        assertThat(phases).doesNotContain(Phase.SUSPEND);
        assertThat(here.failure().source()).isEqualTo(EndState.UNTOUCHED);
        assertThat(source.stateOf(GUEST)).contains(GuestState.RUNNING);
        return here;
    }

    private Receiver receiver(HostState state) {
        return Receiver.of(b).into(guests).state(state);
    }

    @Test
    void ofTwoGuestsOfOneNameTheFirstArrives() throws Exception {
        String other =
                Domains.xml(GUEST, disk("c", "vda", 300_000)).replaceFirst("<uuid>[^<]*", "<uuid>" + UUID.randomUUID());
        c.start(other, new byte[1_000_000], true);
        Halfway first = new Halfway(receiver(stateOfB));

        VmmigException failure = refused(c, receiver(stateOfB));
        assertThat(failure.problem()).isEqualTo(Problem.NAME_IN_USE);
        assertThat(failure).hasMessageContaining(GUEST);
        assertThat(failure.failure().destination())
                .as("a guest of that name is there, and not nothing")
                .isEqualTo(EndState.UNTOUCHED);
        assertThat(refused(c, receiver(state("another-program-at-b"))).problem())
                .isEqualTo(Problem.NAME_IN_USE);
        Receiver elsewhere = receiver(stateOfB).into(directory.resolve("other-guests"));
        assertThat(refused(c, elsewhere).problem()).as("by its name alone").isEqualTo(Problem.NAME_IN_USE);

        first.arrives();
    }

    @Test
    void ofTwoMoversOfOneGuestTheFirstMovesIt() throws Exception {
        // The guest as another program sees it, whose user has told it to move it as well.
        InMemoryHypervisor alsoA = new InMemoryHypervisor("host-a");
        alsoA.start(Domains.xml(GUEST, disk("a", "vda", 300_000)), memory, true);
        Halfway first = new Halfway(receiver(stateOfB));

        assertThat(refused(alsoA, receiver(stateOfB)).problem()).isEqualTo(Problem.GUEST_BUSY);
        assertThat(refused(alsoA, receiver(state("another-program-at-b"))).problem())
                .isEqualTo(Problem.GUEST_BUSY);
        Receiver renaming = receiver(stateOfB).as(DomainSettings.asSaved().named("web-2"));
        assertThat(refused(alsoA, renaming).problem()).as("by its uuid").isEqualTo(Problem.GUEST_BUSY);

        first.arrives();
    }

    /** As several programs would, half of them with a state of their own. */
    @Test
    void ofManyAtOnceOneArrivesAndIsWhole() throws Exception {
        HostState another = state("another-program-at-b");
        for (int round = 0; round < 5; round++) {
            List<InMemoryHypervisor> sources = new ArrayList<>();
            List<Migration<?>> sending = new ArrayList<>();
            List<Migration<?>> receiving = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                InMemoryHypervisor source = new InMemoryHypervisor("source-" + i);
                byte[] own = new byte[100_000];
                new Random(i).nextBytes(own);
                source.start(
                        Domains.xml("crowd", disk("crowd-" + i, "vda", 50_000))
                                .replaceFirst("<uuid>[^<]*", "<uuid>" + new UUID(round, i)),
                        own,
                        true);
                sources.add(source);
            }
            for (int i = 0; i < sources.size(); i++) {
                InMemoryTransport transport = new InMemoryTransport();
                sending.add(Migrator.of(sources.get(i))
                        .state(state("state-of-source-" + i))
                        .from("crowd")
                        .to(transport)
                        .start());
                receiving.add(receiver(i % 2 == 0 ? stateOfB : another).receive(transport.accept(SOON)));
            }
            List<Integer> arrived = new ArrayList<>();
            for (int i = 0; i < sources.size(); i++) {
                try {
                    receiving.get(i).await(SOON);
                    sending.get(i).await(SOON);
                    arrived.add(i);
                } catch (VmmigException e) {
                    assertThat(e.problem()).isIn(Problem.NAME_IN_USE, Problem.GUEST_BUSY);
                    failureOf(sending.get(i));
                    assertThat(sources.get(i).stateOf("crowd")).contains(GuestState.RUNNING);
                }
            }
            assertThat(arrived).hasSize(1);
            assertThat(b.stateOf("crowd")).contains(GuestState.RUNNING);
            assertThat(guests.resolve("crowd/vda.0.raw"))
                    .hasBinaryContent(
                            Files.readAllBytes(directory.resolve("disks-of-crowd-" + arrived.get(0) + "/vda.raw")));
            assertThat(guests.toFile().list()).containsExactly("crowd");
            b.guest("crowd").remove();
            Files.delete(guests.resolve("crowd/vda.0.raw"));
            Files.delete(guests.resolve("crowd/.vmmig-files"));
            Files.delete(guests.resolve("crowd"));
        }
    }

    @Test
    void aPathElsewhereIsClaimedToo() throws Exception {
        Path elsewhere = Files.createDirectory(directory.resolve("elsewhere")).resolve("disk.raw");
        c.start(Domains.xml(GUEST, disk("c", "vda", 300_000)), new byte[1_000_000], true);
        Receiver asA = receiver(stateOfB)
                .as(DomainSettings.asSaved().named("web-2").withNewUuid().diskAt("vda", elsewhere));
        Receiver asC = receiver(state("another-program-at-b"))
                .as(DomainSettings.asSaved().named("web-3").withNewUuid().diskAt("vda", elsewhere));
        Halfway first = new Halfway(asA);

        assertThat(refused(c, asC).problem()).isEqualTo(Problem.NAME_IN_USE);

        first.proceed.countDown();
        first.receiving.await(SOON);
        first.sending.await(SOON);
        assertThat(elsewhere).hasBinaryContent(Files.readAllBytes(directory.resolve("disks-of-a/vda.raw")));
        assertThat(elsewhere.getParent().toFile().list()).containsExactly("disk.raw");
    }

    /** Root gives a directory away; anybody else knows one that is not theirs. */
    @Test
    void aGuestsDirectoryOfAnotherUserIsRefusedByName() throws Exception {
        boolean root = Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
        Path foreign = root ? Files.createDirectory(directory.resolve("of-nobody")) : Path.of("/usr");
        if (root) {
            Files.setAttribute(foreign, "unix:uid", 65534);
            Files.setAttribute(Files.createDirectory(guests.resolve(GUEST)), "unix:uid", 65534);
        }

        assertThat(refused(a, Receiver.of(b).into(foreign).state(stateOfB)))
                .hasMessageContaining(foreign + " belongs to the user");
        if (root) {
            assertThat(refused(a, receiver(stateOfB)))
                    .hasMessageContaining(guests.resolve(GUEST) + " belongs to the user");
        }
        assertThat(a.stateOf(GUEST)).contains(GuestState.RUNNING);
    }

    @Test
    void whoFailsLeavesWhatIsNotIts() throws Exception {
        Path home = guests.resolve(GUEST);
        Halfway first = new Halfway(receiver(stateOfB));
        Path theirs = Files.writeString(home.resolve("notes.txt"), "a user's");

        first.sending.cancel();
        first.proceed.countDown();

        assertThat(failureOf(first.sending).problem()).isEqualTo(Problem.CANCELLED);
        failureOf(first.receiving);
        assertThat(home.toFile().list()).containsExactly("notes.txt");
        assertThat(theirs).hasContent("a user's");
        assertThat(guests.toFile().list()).containsExactly(GUEST);
    }

    /** A program that has the guest under way is another JVM in real life, and has the claim just as well. */
    @Test
    void aGuestThatAnotherProgramMovesIsBusy() throws Exception {
        HostState state = state("state-of-a");
        Path claim = state.directory(HostState.Part.CLAIMS)
                .resolve("leaving-" + a.guest(GUEST).uuid());
        Claim other = Claim.take(claim, "", text -> false);
        Migrator migrator = Migrator.of(a).state(state).from(GUEST).to(new InMemoryTransport());

        assertThat(failureOf(migrator.start()).problem()).isEqualTo(Problem.GUEST_BUSY);
        other.release();
    }

    /** As a power cut leaves a file that was being written. */
    @Test
    void aClaimThatSaysNothingIsInNobodysWay() throws Exception {
        Files.write(
                state("state-of-a")
                        .directory(HostState.Part.CLAIMS)
                        .resolve("leaving-" + a.guest(GUEST).uuid()),
                new byte[64]);
        Files.write(stateOfB.directory(HostState.Part.CLAIMS).resolve("arriving-name-" + GUEST), new byte[64]);
        Files.write(Claim.besides(guests.resolve(GUEST)), new byte[] {'{', -1, 0});

        new Halfway(receiver(stateOfB)).arrives();
    }

    @Test
    void whatACrashHasLeftBindsUntilItIsRecovered() throws Exception {
        UUID packageId = UUID.randomUUID();
        UUID uuid = a.guest(GUEST).uuid();
        Path claim = Claim.besides(guests.resolve(GUEST));
        Path journal = ArrivalJournal.place(stateOfB, packageId, true);
        ArrivalJournal.begin(
                        journal,
                        stateOfB,
                        new ArrivalJournal.Facts(
                                packageId,
                                GUEST,
                                uuid,
                                true,
                                guests.resolve(GUEST),
                                List.of(guests.resolve(GUEST).resolve("vda.0.raw")),
                                List.of(),
                                List.of(claim),
                                "host-x",
                                Optional.empty(),
                                true,
                                Instant.now()))
                .close();
        String holder = "{\"package\":\"" + packageId + "\",\"guest\":\"" + GUEST + "\",\"uuid\":\"" + uuid
                + "\",\"source\":\"host-x\",\"journal\":\"" + journal + "\"}";
        Claim.take(claim, holder, text -> true).close();

        VmmigException failure = refused(a, receiver(state("another-program-at-b")));
        assertThat(failure.problem()).isEqualTo(Problem.GUEST_BUSY);
        assertThat(failure).hasMessageContaining("host-x").hasMessageContaining(packageId.toString());
        assertThat(failure.failure().remedy()).contains("Recovery").contains(journal.toString());

        assertThat(Recovery.of(b).state(stateOfB).run().resolved()).isTrue();
        assertThat(guests).isEmptyDirectory();
        new Halfway(receiver(stateOfB)).arrives();
    }

    @Test
    void whatAnotherGuestUsesStaysAndIsNamed() throws Exception {
        new Halfway(receiver(stateOfB)).arrives();
        Path disk = guests.resolve(GUEST).resolve("vda.0.raw");
        b.start(Domains.xml("clone", Domains.disk("vdb", disk, "raw")), new byte[1], true);

        SourceReport report = moveBack("vda");

        assertThat(disk).exists();
        assertThat(report.summary().notices()).singleElement().satisfies(notice -> {
            assertThat(notice.kind()).isEqualTo(Notice.Kind.NOT_CARRIED);
            assertThat(notice.subject()).isEqualTo("vda");
            assertThat(notice.text()).contains(disk.toString()).contains("guest clone");
        });
    }

    @Test
    void nothingIsRemovedWhenOthersCannotBeLookedAt() throws Exception {
        new Halfway(receiver(stateOfB)).arrives();
        Path disk = guests.resolve(GUEST).resolve("vda.0.raw");
        b.fail(InMemoryHypervisor.Step.LOOK_AROUND);

        assertThat(moveBack().summary().notices())
                .extracting(Notice::kind)
                .containsExactly(Notice.Kind.INTERFERENCE, Notice.Kind.LEFT_BEHIND);
        assertThat(disk).exists();
    }

    private SourceReport moveBack(String... copied) throws Exception {
        InMemoryTransport transport = new InMemoryTransport();
        Migration<SourceReport> back = Migrator.of(b)
                .state(stateOfB)
                .from(GUEST)
                .to(transport)
                .copyingShared(copied)
                .start();
        Receiver.of(a)
                .into(directory.resolve("home"))
                .state(state("state-of-a"))
                .receive(transport.accept(SOON))
                .await(SOON);
        return back.await(SOON);
    }
}
