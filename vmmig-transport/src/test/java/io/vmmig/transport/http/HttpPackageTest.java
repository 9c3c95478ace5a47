// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import static io.vmmig.transport.testing.Problems.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.bundle.PackageSummary;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.HandOverJournal;
import io.vmmig.transport.Outcome;
import io.vmmig.transport.PackageUpload;
import io.vmmig.transport.StoredPackage;
import io.vmmig.transport.testing.Await;
import io.vmmig.transport.testing.Background;
import io.vmmig.transport.testing.Packages;
import io.vmmig.transport.testing.Samples;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Tag("once")
@Timeout(60)
class HttpPackageTest {
    private static final int DISK_BYTES = 1 << 20;
    private static final UUID ID = Samples.manifest().packageId();
    /** Heads of requests and answers, and an index that is read twice. */
    private static final long HEADS = Web.PART / 2;
    /** What may have been under way when a connection was cut. */
    private static final long UNDER_WAY = 2L * Web.PART;

    @TempDir
    Path temp;

    private HostIdentity identity;
    private Web web;
    private Path spool;
    private HttpPackage there;

    @BeforeEach
    void start() throws Exception {
        identity = HostIdentity.in(temp.resolve("identity"));
        web = new Web(temp.resolve("server"));
        spool = temp.resolve("spool");
        there = web.at("web-1", identity, spool);
    }

    @AfterEach
    void stop() throws Exception {
        web.close();
    }

    private static PackageSummary send(HttpPackage to) throws Exception {
        return send(to, HandOverJournal.inMemory());
    }

    private static PackageSummary send(HttpPackage to, HandOverJournal journal) throws Exception {
        try (PackageUpload upload = to.put()) {
            upload.begin(Samples.manifest());
            PackageSummary sent = Packages.write(upload.packageStream(), Samples.offer(), DISK_BYTES);
            upload.finish();
            upload.publish(journal);
            return sent;
        }
    }

    private static PackageSummary take(HttpPackage from) throws Exception {
        try (StoredPackage stored = from.open()) {
            PackageSummary read = Packages.read(stored.packageStream());
            stored.taken();
            return read;
        }
    }

    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> file.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }

    @Test
    void aConnectionThatIsCutWhileThePackageIsSentCostsWhatWasUnderWay() throws Exception {
        web.proxy.cutUpAfter(DISK_BYTES / 2, () -> {});

        PackageSummary sent = send(there);

        assertThat(web.proxy.hasCut()).isTrue();
        assertThat(web.proxy.up.get()).isLessThan(web.bytes() + UNDER_WAY + HEADS);
        assertThat(take(there)).isEqualTo(sent);
    }

    @Test
    void aConnectionThatIsCutWhileThePackageComesCostsNothing() throws Exception {
        PackageSummary sent = send(there);
        web.proxy.cutDownAfter(DISK_BYTES / 2 + Web.PART / 2, () -> {});
        long before = web.proxy.down.get();

        assertThat(take(there)).isEqualTo(sent);
        assertThat(web.proxy.hasCut()).isTrue();
        assertThat(web.proxy.down.get() - before).isLessThan(web.bytes() + HEADS);
        assertThat(spool).isEmptyDirectory();
    }

    @Test
    void aServerThatStartsAgainIsWaitedFor() throws Exception {
        Runnable restart = () -> {
            web.stop();
            try {
                web.startAgain();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        };
        web.proxy.cutUpAfter(DISK_BYTES / 2, restart);
        PackageSummary sent = send(there);
        web.proxy.cutDownAfter(DISK_BYTES / 2, restart);

        assertThat(take(there)).isEqualTo(sent);
        assertThat(web.proxy.hasCut()).isTrue();
    }

    @Test
    void anotherRunOfTheProgramContinuesWhereTheLastOneStopped() throws Exception {
        PackageSummary sent = send(there);
        long before = web.proxy.down.get();
        web.proxy.cutDownAfter(DISK_BYTES / 2 + Web.PART / 2, web::stop);
        HttpPackage hasty = there.over(Web.access(3000));
        assertThatThrownBy(() -> take(hasty)).isInstanceOf(VmmigException.class);
        assertThat(names(spool)).contains("lock", ID + ".000000");
        try (Stream<Path> files = Files.walk(spool)) {
            assertThat(files.filter(Files::isRegularFile))
                    .allSatisfy(file -> assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                            .isEqualTo("rw-------"));
        }
        web.startAgain();

        assertThat(take(there)).isEqualTo(sent);
        assertThat(web.proxy.down.get() - before).isLessThan(web.bytes() + HEADS);
        assertThat(spool).isEmptyDirectory();
    }

    @Test
    void aServerThatStaysAwayEndsTheTransfer() throws Exception {
        HttpPackage hasty = there.over(Web.access(3000));
        try (PackageUpload upload = hasty.put()) {
            upload.begin(Samples.manifest());
            web.stop();
            assertThatThrownBy(() -> {
                        Packages.write(upload.packageStream(), Samples.offer(), DISK_BYTES);
                        upload.finish();
                    })
                    .isInstanceOf(Exception.class)
                    .satisfies(e -> assertThat(e.getMessage()).contains("server of " + there.description()));
        }
    }

    @Test
    void aLostAnswerToTheIndexIsAskedFor() throws Exception {
        HandOverJournal journal = HandOverJournal.inMemory();
        try (PackageUpload upload = there.over(Web.access(3000)).put()) {
            upload.begin(Samples.manifest());
            Packages.write(upload.packageStream(), Samples.offer(), 1000);
            upload.finish();
            web.proxy.cutDownAfter(1, () -> {});
            upload.publish(journal);
        }
        assertThat(web.files()).contains("web-1/index");
        assertThat(there.outcomeOf(ID, journal)).isEqualTo(Outcome.TAKEN);
    }

    @Test
    void whetherTheIndexHasArrivedIsUnknownUntilTheServerCanBeAsked() throws Exception {
        HandOverJournal journal = HandOverJournal.inMemory();
        try (PackageUpload upload = there.over(Web.access(3000)).put()) {
            upload.begin(Samples.manifest());
            Packages.write(upload.packageStream(), Samples.offer(), 1000);
            upload.finish();
            web.stop();
            assertThatThrownBy(() -> upload.publish(journal)).satisfies(e -> assertProblem(e, Problem.OUTCOME_UNKNOWN));
        }
        assertThatThrownBy(() -> there.over(Web.access(300)).outcomeOf(ID, journal))
                .isInstanceOf(VmmigException.class);
        web.startAgain();
        assertThat(web.files()).contains("web-1/" + ID + ".000000");

        assertThat(there.outcomeOf(ID, journal)).isEqualTo(Outcome.NOT_TAKEN);
        assertThat(web.files()).isEmpty();
        assertThat(there.outcomeOf(ID, journal)).isEqualTo(Outcome.UNHEARD_OF);
    }

    @Test
    void withoutAServerThatCouldHaveItTheIndexWasNeverSent() throws Exception {
        HandOverJournal journal = HandOverJournal.inMemory();
        try (PackageUpload upload = there.over(Web.access(3000)).put()) {
            upload.begin(Samples.manifest());
            Packages.write(upload.packageStream(), Samples.offer(), 1000);
            upload.finish();
            web.proxy.vanish();
            assertThatThrownBy(() -> upload.publish(journal))
                    .satisfies(e -> assertProblem(e, Problem.PEER_UNREACHABLE));
        }
    }

    @Test
    void aPackageThatWasTakenApartIsForAPersonToSee() throws Exception {
        HandOverJournal journal = HandOverJournal.inMemory();
        send(there, journal);
        Files.delete(web.directory.resolve("web-1").resolve(ID + ".000000"));

        assertThat(there.outcomeOf(ID, journal)).isEqualTo(Outcome.UNHEARD_OF);
    }

    @Test
    void anotherPackageAtThePlaceIsLeftAlone() throws Exception {
        try (PackageUpload late = there.put()) {
            send(there);
            List<String> before = web.files();
            assertThatThrownBy(there::put).satisfies(e -> assertProblem(e, Problem.FILE_FAILED));
            late.begin(Samples.manifest());
            assertThatThrownBy(() -> {
                        Packages.write(late.packageStream(), Samples.offer(), 1000);
                        late.finish();
                    })
                    .satisfies(e -> assertProblem(e, Problem.FILE_FAILED));
            assertThat(web.files()).isEqualTo(before);
        }
    }

    @Test
    void nothingGoesOutUnsealedByAccident() throws Exception {
        HttpPackage undecided = HttpPackage.at(web.place("x"));
        assertThatThrownBy(undecided::put).satisfies(e -> assertProblem(e, Problem.REQUEST_INVALID));
        assertThatThrownBy(undecided.unsealed()::put).satisfies(e -> assertProblem(e, Problem.REQUEST_INVALID));
        assertThatThrownBy(undecided::open).satisfies(e -> assertProblem(e, Problem.REQUEST_INVALID));
    }

    @Test
    void plainHttpIsRefusedUnlessItWasAllowed() throws Exception {
        HandOverJournal journal = HandOverJournal.inMemory();
        send(there, journal);
        HttpPackage plain = there.over(HttpAccess.standard());
        long before = web.proxy.up.get();
        assertThatThrownBy(plain::put).satisfies(e -> assertProblem(e, Problem.REQUEST_INVALID));
        assertThatThrownBy(plain::open)
                .hasMessageContaining("allowingPlainHttp()")
                .satisfies(e -> assertProblem(e, Problem.REQUEST_INVALID));
        assertThatThrownBy(() -> plain.outcomeOf(ID, journal))
                .satisfies(e -> assertProblem(e, Problem.REQUEST_INVALID));
        assertThat(web.proxy.up.get()).as("nothing was sent").isEqualTo(before);
    }

    /** Before anything is done about the guest, even if all that is asked for then goes over https. */
    @Test
    void partsOverPlainHttpAreRefusedBeforeAnythingIsAskedFor() throws Exception {
        URI place = web.place("web-1");
        HttpPackage mixed = HttpPackage.of(
                        "web-1",
                        (method, object) -> URI.create((method.equals("PUT") ? "http" : "https") + "://"
                                + place.getAuthority() + place.getPath() + "/" + object))
                .sealedFor(identity.keys());
        long before = web.proxy.up.get();
        assertThatThrownBy(mixed::put)
                .hasMessageContaining("allowingPlainHttp()")
                .satisfies(e -> assertProblem(e, Problem.REQUEST_INVALID));
        assertThat(web.proxy.up.get()).as("nothing was sent").isEqualTo(before);
    }

    /** The journal may be an older copy of itself, and a destination may have taken the package since. */
    @Test
    void aPackageThatTheJournalDoesNotKnowIsForAPersonToSee() throws Exception {
        send(there);
        List<String> before = web.files();
        assertThat(there.outcomeOf(ID, HandOverJournal.inMemory())).isEqualTo(Outcome.UNHEARD_OF);
        assertThat(web.files()).isEqualTo(before);
    }

    @Test
    void anIndexThatWasNeverSentDecidesThoughTheServerCannotBeAsked() throws Exception {
        web.stop();
        assertThat(there.over(Web.access(300)).outcomeOf(ID, HandOverJournal.inMemory()))
                .isEqualTo(Outcome.NOT_TAKEN);
    }

    @Test
    void nothingIsDeletedWhileSomethingIsShownAsTheIndex() throws Exception {
        send(there);
        Files.writeString(web.directory.resolve("web-1/index"), "the page of a proxy");
        List<String> before = web.files();
        assertThat(there.outcomeOf(ID, HandOverJournal.inMemory())).isEqualTo(Outcome.NOT_TAKEN);
        assertThat(web.files()).isEqualTo(before);
    }

    /** A server has all parts before the guest is handed over; it cannot make the index of them. */
    @Test
    void nobodyButItsSourceCanMakeAPackageOfTheParts() throws Exception {
        send(there);
        Path index = web.directory.resolve("web-1/index");
        PartIndex sent = PartIndex.parse(Files.readAllBytes(index));
        for (PartIndex.Ending ending :
                new PartIndex.Ending[] {null, PartIndex.Ending.of(new byte[PartIndex.TAIL_BYTES], null)}) {
            Files.write(
                    index, new PartIndex(sent.id(), sent.bytes(), sent.partBytes(), sent.parts(), ending).toBytes());
            assertThatThrownBy(() -> take(there)).hasStackTraceContaining("SEAL_");
        }
        Files.write(index, sent.toBytes());
        assertThat(take(there)).isNotNull();
    }

    @Test
    void anIndexWithoutOneOfItsPartsIsNoPackage() throws Exception {
        PackageSummary sent = send(there);
        for (int part = 0; part < 3; part++) {
            Path file = web.directory.resolve("web-1/" + PartIndex.partName(ID.toString(), part));
            byte[] content = Files.readAllBytes(file);
            Files.delete(file);
            assertThatThrownBy(() -> take(afresh())).isInstanceOf(Exception.class);
            Files.write(file, new byte[content.length]);
            assertThatThrownBy(() -> take(afresh())).isInstanceOf(Exception.class);
            Files.write(file, content);
        }
        assertThat(take(afresh())).isEqualTo(sent);
    }

    /** With nothing of it here yet. */
    private HttpPackage afresh() throws Exception {
        return web.at("web-1", identity, Files.createTempDirectory(temp, "spool"));
    }

    @Test
    void addressesWithSecretsAreNotShown() throws Exception {
        URI secret = URI.create("http://user:hunter2@127.0.0.1/x");
        assertThatThrownBy(() -> HttpPackage.at(secret))
                .satisfies(e -> assertProblem(e, Problem.REQUEST_INVALID))
                .hasMessageNotContaining("hunter2");
        HttpPackage presigned = HttpPackage.of(
                        "bucket:web-1", (method, name) -> URI.create(web.place("web-1") + "/" + name + "?sig=hunter2"))
                .over(Web.access(3000).header("Authorization", "Bearer hunter2"))
                .sealedFor(identity.keys())
                .openedBy(identity)
                .spooledIn(spool);
        PackageSummary sent = send(presigned);
        assertThat(take(presigned)).isEqualTo(sent);
        web.stop();
        assertThatThrownBy(presigned::put)
                .isInstanceOf(VmmigException.class)
                .hasMessageContaining("bucket:web-1")
                .satisfies(e -> assertThat(everything(e)).doesNotContain("hunter2"));
        assertThat(presigned.toString() + Web.access(300).header("a", "hunter2"))
                .doesNotContain("hunter2");
    }

    private static String everything(Throwable thrown) {
        java.io.StringWriter text = new java.io.StringWriter();
        thrown.printStackTrace(new java.io.PrintWriter(text));
        return text.toString();
    }

    @Test
    void aPackageThatIsTooLargeIsNotFetched() throws Exception {
        send(there);
        assertThatThrownBy(there.atMost(DISK_BYTES)::open)
                .satisfies(e -> assertProblem(e, Problem.PACKAGE_LIMIT_EXCEEDED));
        assertThat(spool).doesNotExist();
    }

    @Test
    void twoDoNotFetchTheSameIntoOnePlace() throws Exception {
        send(there);
        try (StoredPackage first = there.open()) {
            assertThat(first.description()).isEqualTo(there.description());
            assertThatThrownBy(there::open).satisfies(e -> assertProblem(e, Problem.FILE_FAILED));
        }
        assertThat(take(there)).isNotNull();
    }

    @Test
    void whatIsWorthlessIsNotKept() throws Exception {
        send(there);
        try (StoredPackage stored = there.open()) {
            assertThat(stored.packageStream().read()).isNotNegative();
        }
        assertThat(spool).isNotEmptyDirectory();
        try (StoredPackage stored = there.open()) {
            stored.rejected();
        }
        assertThat(spool).isEmptyDirectory();
    }

    @Test
    void aReaderIsWokenWhenTheSessionIsClosed() throws Exception {
        send(there);
        web.proxy.cutDownAfter(DISK_BYTES / 4, web::stop);
        StoredPackage stored = there.open();
        Background<Object> reading = Background.run(() -> stored.packageStream().readAllBytes());
        Await.until("the proxy has cut", web.proxy::hasCut);
        stored.close();

        assertThatThrownBy(reading::get).cause().satisfies(e -> assertProblem(e, Problem.CANCELLED));
    }

    @Test
    void whatWasLeftByAPowerCutIsFetchedAnew() throws Exception {
        PackageSummary sent = send(there);
        try (StoredPackage stored = there.open()) {
            stored.packageStream().readAllBytes();
        }
        try (Stream<Path> files = Files.walk(spool)) {
            Path part = files.filter(file -> file.toString().endsWith(".000003"))
                    .findFirst()
                    .orElseThrow();
            Files.write(part, new byte[(int) Files.size(part)]);
        }
        assertThat(take(there)).isEqualTo(sent);
    }
}
