// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import static io.vmmig.transport.testing.Problems.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.Migration;
import io.vmmig.Migrator;
import io.vmmig.Receiver;
import io.vmmig.Recovery;
import io.vmmig.crypto.AcceptedSigners;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.PackageSignatures;
import io.vmmig.crypto.SignaturePolicy;
import io.vmmig.domain.DomainSettings;
import io.vmmig.error.Problem;
import io.vmmig.hypervisor.GuestState;
import io.vmmig.report.RecoveryReport.Resolution;
import io.vmmig.report.RecoveryReport.Result;
import io.vmmig.report.SourceReport;
import io.vmmig.state.HostState;
import io.vmmig.testkit.InMemoryHypervisor;
import io.vmmig.transport.Outcome;
import io.vmmig.transport.StoredPackages;
import io.vmmig.transport.testing.Await;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A guest that goes by way of a server which nobody trusts, to a host that signs for it. */
@Tag("once")
@Timeout(120)
class ReceiptTest {
    private static final String XML = "<domain type='qemu'><name>web-1</name><uuid>" + UUID.randomUUID() + "</uuid>"
            + "<memory unit='KiB'>262144</memory><vcpu>1</vcpu>"
            + "<os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>"
            + "<devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices></domain>";

    @TempDir
    Path temp;

    private final InMemoryHypervisor a = new InMemoryHypervisor("a");
    private final InMemoryHypervisor b = new InMemoryHypervisor("b");
    private HostState stateOfA;
    private HostState stateOfB;
    private HostIdentity ofA;
    private HostIdentity ofB;
    private Web web;

    @BeforeEach
    void start() throws Exception {
        a.start(XML, new byte[100_000], true);
        stateOfA = HostState.open(temp.resolve("a"));
        stateOfB = HostState.open(temp.resolve("b"));
        ofA = HostIdentity.in(temp.resolve("identity-a"));
        ofB = HostIdentity.in(temp.resolve("identity-b"));
        web = new Web(temp.resolve("server"));
    }

    @AfterEach
    void stop() throws Exception {
        stateOfA.images().references().close();
        stateOfB.images().references().close();
        web.close();
    }

    private Migration<SourceReport> send(Duration atMost) throws Exception {
        return sending(atMost).removingTheGuest().start();
    }

    private Migrator sending(Duration atMost) throws Exception {
        return Migrator.of(a)
                .from("web-1")
                .state(stateOfA)
                .signedBy(PackageSignatures.of(ofA))
                .inquiryTimeout(Duration.ofMillis(1))
                .to(web.at("web-1", ofB, temp.resolve("none")).awaitingReceipt(atMost));
    }

    private HttpPackage atB() throws Exception {
        return web.at("web-1", ofB, temp.resolve("spool"));
    }

    private Receiver receiving() {
        return Receiver.of(b)
                .into(temp.resolve("guests"))
                .state(stateOfB)
                .accepting(PackageSignatures.by(SignaturePolicy.of(
                        ofB, AcceptedSigners.of(java.util.Set.of(ofA.keys().signing())))));
    }

    private Resolution recoverA() throws Exception {
        List<Resolution> resolutions = Recovery.of(a)
                .state(stateOfA)
                .asking(address -> HttpPackage.at(URI.create(address)).over(Web.access(20_000)))
                .run()
                .resolutions();
        assertThat(resolutions).hasSize(1);
        return resolutions.get(0);
    }

    private StoredPackages packagesOfB() {
        return Recovery.storedPackagesIn(stateOfB);
    }

    private UUID pendingAtA() throws Exception {
        return recoverA().packageId();
    }

    private void assertUnknown(Migration<?> migration) throws Exception {
        assertThatThrownBy(migration::await).satisfies(e -> assertProblem(e, Problem.OUTCOME_UNKNOWN));
        assertThat(a.stateOf("web-1")).contains(GuestState.PAUSED);
    }

    @Test
    void theGuestIsLetGoWhenItsDestinationHasIt() throws Exception {
        Migration<SourceReport> sent = send(Duration.ofMinutes(1));
        Await.until("the index is there", () -> Files.exists(web.directory.resolve("web-1/index")));
        assertThat(a.stateOf("web-1")).contains(GuestState.PAUSED);
        receiving().restore(atB().open()).await();
        sent.await();

        assertThat(a.guests()).isEmpty();
        assertThat(b.stateOf("web-1")).contains(GuestState.RUNNING);
    }

    @Test
    void aReceiptThatComesLaterIsFoundByARecovery() throws Exception {
        assertUnknown(send(Duration.ofMillis(1)));
        Resolution open = recoverA();
        assertThat(open.result()).isEqualTo(Result.LEFT_OPEN);
        assertThat(open.what()).contains("receipt").contains("paused here");

        receiving().restore(atB().open()).await();
        assertThat(recoverA().result()).isEqualTo(Result.RETIRED);
        assertThat(a.guests()).isEmpty();
    }

    @Test
    void aCopyIsNoReceipt() throws Exception {
        assertUnknown(send(Duration.ofMillis(1)));
        receiving()
                .as(DomainSettings.asSaved().named("web-2").withNewUuid())
                .restore(atB().open())
                .await();
        assertThat(recoverA().result()).isEqualTo(Result.LEFT_OPEN);
    }

    @Test
    void whatWasRefusedIsNeverTaken() throws Exception {
        assertUnknown(send(Duration.ofMillis(1)));
        UUID id = pendingAtA();
        assertThat(packagesOfB().outcomeOf(id)).isEqualTo(Outcome.UNHEARD_OF);
        assertThat(atB().answer(packagesOfB())).isEqualTo(Outcome.UNHEARD_OF);
        assertThat(recoverA().result()).isEqualTo(Result.LEFT_OPEN);
        assertThat(atB().refuse(id, packagesOfB())).isTrue();
        assertThat(atB().refuse(id, packagesOfB())).isTrue();
        assertThat(packagesOfB().outcomeOf(id)).isEqualTo(Outcome.NOT_TAKEN);

        assertThatThrownBy(() -> receiving().restore(atB().open()).await())
                .satisfies(e -> assertProblem(e, Problem.PACKAGE_REPLAYED));
        Recovery.of(b).state(stateOfB).run();
        assertThatThrownBy(() -> receiving().restore(atB().open()).await())
                .satisfies(e -> assertProblem(e, Problem.PACKAGE_REPLAYED));
        assertThat(recoverA().result()).isEqualTo(Result.RESUMED);
        assertThat(a.stateOf("web-1")).contains(GuestState.RUNNING);
        assertThat(b.guests()).isEmpty();
    }

    @Test
    void whatWasTakenIsNotRefused() throws Exception {
        assertUnknown(send(Duration.ofMillis(1)));
        UUID id = pendingAtA();
        receiving().restore(atB().open()).await();
        Path receipt = web.directory.resolve("web-1/" + Receipt.name(id));
        Files.delete(receipt);

        assertThat(atB().refuse(id, packagesOfB())).isFalse();
        assertThat(receipt).doesNotExist();
        assertThat(atB().answer(packagesOfB())).isEqualTo(Outcome.TAKEN);
        assertThat(recoverA().result()).isEqualTo(Result.RETIRED);
    }

    @Test
    void onlyItsDestinationCanSign() throws Exception {
        assertUnknown(send(Duration.ofMillis(1)));
        UUID id = pendingAtA();
        Path receipt = web.directory.resolve("web-1/" + Receipt.name(id));
        Files.write(receipt, Receipt.refusal(id).signedBy(ofA));
        assertThat(recoverA().result()).isEqualTo(Result.LEFT_OPEN);
        Files.write(receipt, Receipt.refusal(UUID.randomUUID()).signedBy(ofB));
        assertThat(recoverA().result()).isEqualTo(Result.LEFT_OPEN);
        Files.writeString(receipt, "taken");
        assertThat(recoverA().result()).isEqualTo(Result.LEFT_OPEN);
        HttpPackage other = web.at("web-1", ofA, temp.resolve("other"));
        assertThatThrownBy(other::open).satisfies(e -> assertProblem(e, Problem.SIGNED_FOR_OTHERS));
    }

    @Test
    void nobodyWaitsForTheReceiptOfACopy() throws Exception {
        sending(Duration.ofDays(1)).start().await();
        assertThat(a.stateOf("web-1")).contains(GuestState.RUNNING);
        assertThat(web.files()).contains("web-1/index");
    }

    @Test
    void aReceiptIsOfOneHost() throws Exception {
        HttpPackage two = HttpPackage.at(web.place("x"))
                .over(Web.access(300))
                .sealedFor(ofA.keys(), ofB.keys())
                .awaitingReceipt(Duration.ofMinutes(1));
        assertThatThrownBy(two::put).satisfies(e -> assertProblem(e, Problem.REQUEST_INVALID));
        assertThatThrownBy(two.unsealed()::put).satisfies(e -> assertProblem(e, Problem.REQUEST_INVALID));
    }
}
