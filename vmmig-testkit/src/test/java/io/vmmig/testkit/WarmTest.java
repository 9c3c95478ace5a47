// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vmmig.Migration;
import io.vmmig.Migrator;
import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageLimits;
import io.vmmig.bundle.PackageReader;
import io.vmmig.bundle.PackageSummary;
import io.vmmig.bundle.PackageWriter;
import io.vmmig.error.EndState;
import io.vmmig.error.Phase;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.event.MigrationEvent;
import io.vmmig.report.DestinationReport;
import io.vmmig.report.SourceReport;
import io.vmmig.report.Strategy;
import io.vmmig.state.HostState;
import io.vmmig.transport.Offer;
import io.vmmig.transport.OutgoingSession;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A warm migration sends most of a guest while it runs, and falls back or gives up before the guest is paused. */
@Timeout(60)
@Tag("once")
class WarmTest extends TwoHosts {
    WarmTest() {
        super(3_000_000);
    }

    /** What the guest will have when it is paused: some of its pages have changed by then. */
    @Override
    byte[] stream() throws IOException {
        return RamSnapshot.stream(RamSnapshot.changed(ram));
    }

    @BeforeEach
    void letMemoryBeRead() throws VmmigException {
        showMemory();
    }

    private Migrator sending(Strategy strategy) {
        return migrator(strategy).sendingFreePages();
    }

    private SourceReport move(Strategy strategy) throws Exception {
        return move(sending(strategy));
    }

    @Test
    void onlyChangesAreSentWhileTheGuestIsPaused() throws Exception {
        SourceReport report = move(Strategy.WARM);
        assertThat(report.plan().strategy()).isEqualTo(Strategy.WARM);
        assertThat(report.plan().because()).isEqualTo("it was asked for");
        assertThat(report.plan().baselines()).isNotEmpty();
        assertThat(report.plan().baselines().get(0).bytes()).isGreaterThan(RAM_BYTES);
        assertThat(report.summary().packageBytes()).isLessThan(200_000);
        // As many literal pages as the disk's unaligned end has, and a difference for each changed page.
        assertThat(report.summary().pages())
                .filteredOn(count -> count.kind() == PackageSummary.PageKind.DELTA)
                .extracting(PackageSummary.PageCount::pages)
                .containsExactly((long) (RAM_BYTES >> 20) - 1);
    }

    /** A host whose clock was ahead has made a package that seems to be younger than any baseline. */
    @Test
    void theBaselineComesBeforeAPackageFromTheFuture() throws Exception {
        Path future = Files.write(directory.resolve("future.vmmig"), packageFromTheFuture(0));
        sourceState.images().references().addPackage(future);
        destinationState.images().references().addPackage(future);
        assertThat(move(Strategy.WARM).summary().packageBytes()).isLessThan(200_000);
    }

    /** Otherwise such a guest could never move warm, until its earlier packages are evicted. */
    @Test
    void aBaselineIsNotBasedOnWhatLeavesItNoRoom() throws Exception {
        Path large = Files.write(directory.resolve("large.vmmig"), packageFromTheFuture(16_000_000));
        for (HostState state : List.of(sourceState, destinationState)) {
            state.images().references().packages().quota(30_000_000);
            state.images().references().addPackage(large);
        }
        assertThat(move(Strategy.WARM).summary().packageBytes()).isLessThan(200_000);
    }

    /** A package of the guest with other contents, of that many bytes. */
    private byte[] packageFromTheFuture(int bytes) throws Exception {
        Manifest sample;
        try (InputStream in = golden("smallest")) {
            sample = PackageReader.readManifest(in, PackageLimits.DEFAULT);
        }
        UUID guest = source.guests().get(0).uuid();
        byte[] json = new String(sample.asBaseline().toJson(), StandardCharsets.UTF_8)
                .replace(sample.guestUuid().toString(), guest.toString())
                .replaceAll("\"created\": *\"[^\"]*\"", "\"created\": \"2096-01-01T00:00:00Z\"")
                .getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (PackageWriter writer = PackageWriter.to(out, Manifest.fromJson(json, PackageLimits.DEFAULT))) {
            writer.writeDiskLayer("vda", 0, new ByteArrayInputStream(new byte[512]));
            byte[] content = new byte[bytes];
            new Random(3).nextBytes(content);
            writer.writeSnapshot(new ByteArrayInputStream(content));
            writer.finish();
        }
        return out.toByteArray();
    }

    @Test
    void theNextMoveRefersToThePackageOfThePausedGuest() throws Exception {
        move(Strategy.WARM);
        SourceReport back = moveBack();
        assertThat(back.plan().baselines()).isEmpty();
        assertThat(back.summary().pages())
                .filteredOn(count -> count.kind() == PackageSummary.PageKind.LITERAL
                        || count.kind() == PackageSummary.PageKind.DELTA)
                .isEmpty();
    }

    @Test
    void aSmallGuestIsStoppedAndCopied() throws Exception {
        SourceReport report = move(Strategy.AUTO);
        assertThat(report.plan().strategy()).isEqualTo(Strategy.STOP_AND_COPY);
        assertThat(report.plan().because()).contains("have only");
        assertThat(report.plan().baselines()).isEmpty();
    }

    @Test
    void aStrategyThatCannotWorkIsRefusedBeforeAnythingHappens() throws Exception {
        source.showMemory("web-1", null);
        VmmigException refusal = catchThrowableOfType(
                VmmigException.class, () -> sending(Strategy.WARM).start().await(SOON));
        assertThat(refusal.problem()).isEqualTo(Problem.DOMAIN_UNSUPPORTED);
        assertThat(refusal).hasMessageContaining("cannot be read while it runs").hasMessageContaining("STOP_AND_COPY");
        assertThat(refusal.failure().source()).isEqualTo(EndState.UNTOUCHED);
        assertThatNothingHasChanged();
    }

    @Test
    void aPausedGuestIsNotWarm() throws Exception {
        source.pause("web-1");
        VmmigException refusal = catchThrowableOfType(
                VmmigException.class, () -> sending(Strategy.WARM).start().await(SOON));
        assertThat(refusal).hasMessageContaining("paused already");
    }

    @Test
    void aDestinationThatCannotCacheTheBaselineRefusesIt() throws Exception {
        destinationState.images().references().packages().quota(1 << 20);
        Migration<SourceReport> sending = sending(Strategy.WARM).start();
        Migration<DestinationReport> receiving = receive(event -> {});
        VmmigException refusal = catchThrowableOfType(VmmigException.class, () -> sending.await(SOON));
        assertThat(refusal.problem()).isEqualTo(Problem.DISK_FULL);
        assertThat(refusal).hasMessageContaining("PackageCache.quota");
        catchThrowableOfType(VmmigException.class, () -> receiving.await(SOON));
        assertThatNothingHasChanged();
    }

    @Test
    void autoFallsBackOverAnotherConnection() throws Exception {
        destinationState.images().references().packages().quota(1 << 20);
        source.destroy("web-1");
        source.start(Domains.xml("web-1").replace("262144", "2097152"), saved, true);
        source.showMemory("web-1", RamSnapshot.shown(ram));
        Migration<SourceReport> sending = sending(Strategy.AUTO).start();
        Migration<DestinationReport> refusing = receive(event -> {});
        Migration<DestinationReport> receiving = receive(event -> {});
        SourceReport report = sending.await(SOON);
        catchThrowableOfType(VmmigException.class, () -> refusing.await(SOON));
        receiving.await(SOON);
        assertThat(report.plan().strategy()).isEqualTo(Strategy.STOP_AND_COPY);
        assertThat(report.plan().because()).contains("1048576 bytes of the package cache");
        assertThat(destination.memoryOf("web-1").orElseThrow()).isEqualTo(saved);
    }

    @Test
    void aBaselineCanBeCancelledAndTheGuestNeverPauses() throws Exception {
        Migration<?>[] cancelled = new Migration<?>[1];
        source.showMemory("web-1", (address, buffer, offset, length) -> {
            if (address > RAM_BYTES / 2) {
                cancelled[0].cancel();
            }
            System.arraycopy(ram, (int) address, buffer, offset, length);
        });
        boolean[] paused = {false};
        Consumer<MigrationEvent> watch = event ->
                paused[0] |= event instanceof MigrationEvent.PhaseStarted started && started.phase() == Phase.SUSPEND;
        Migration<SourceReport> sending =
                sending(Strategy.WARM).onEvent(watch::accept).start();
        cancelled[0] = sending;
        Migration<DestinationReport> receiving = receive(event -> {});
        VmmigException failure = catchThrowableOfType(VmmigException.class, () -> sending.await(SOON));
        assertThat(failure.problem()).isEqualTo(Problem.CANCELLED);
        assertThat(catchThrowableOfType(VmmigException.class, () -> receiving.await(SOON)))
                .isNotNull();
        assertThat(paused[0]).isFalse();
        assertThatNothingHasChanged();
    }

    private static byte[] golden() throws IOException {
        try (InputStream in = golden("baseline")) {
            return in.readAllBytes();
        }
    }

    private static InputStream golden(String name) throws IOException {
        return GoldenPackage.all().stream()
                .filter(one -> one.name().equals(name))
                .findFirst()
                .orElseThrow()
                .open();
    }

    private static Offer offer() throws Exception {
        Manifest manifest = PackageReader.readManifest(new ByteArrayInputStream(golden()), PackageLimits.DEFAULT);
        try (InputStream complete = golden("smallest")) {
            return new Offer(
                    manifest,
                    PackageReader.readHead(complete, PackageLimits.DEFAULT).domainXml());
        }
    }

    private static void send(OutgoingSession session, Offer offer, byte[] baseline) throws Exception {
        session.offer(offer);
        session.packageStream().write(baseline);
        session.awaitReady();
    }

    @Test
    void aSourceCannotFillTheCacheWithBaselines() throws Exception {
        try (OutgoingSession session = transport.open()) {
            Migration<DestinationReport> receiving = receive(event -> {});
            for (int i = 0; i < 8; i++) {
                send(session, offer(), golden());
            }
            VmmigException refusal = catchThrowableOfType(VmmigException.class, () -> send(session, offer(), golden()));
            assertThat(refusal.problem()).isEqualTo(Problem.PROTOCOL_VIOLATION);
            catchThrowableOfType(VmmigException.class, () -> receiving.await(SOON));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"another", "longer", "shorter", "damaged"})
    void onlyTheBaselineThatWasOfferedIsCached(String what) throws Exception {
        Offer offer = offer();
        byte[] sent = golden();
        switch (what) {
            case "another" -> offer = new Offer(offer.manifest().asBaseline(), offer.domainXml());
            case "longer" -> sent = Arrays.copyOf(sent, sent.length + 1);
            case "shorter" -> sent = Arrays.copyOf(sent, sent.length - 512);
            default -> sent[sent.length / 2] ^= 1;
        }
        try (OutgoingSession session = transport.open()) {
            Migration<DestinationReport> receiving = receive(event -> {});
            Offer offered = offer;
            byte[] bytes = sent;
            VmmigException refusal = catchThrowableOfType(VmmigException.class, () -> send(session, offered, bytes));
            assertThat(refusal.problem().family()).isIn(Problem.Family.PACKAGE_FORMAT, Problem.Family.INTEGRITY);
            catchThrowableOfType(VmmigException.class, () -> receiving.await(SOON));
        }
        assertThat(destinationState
                        .images()
                        .references()
                        .packages()
                        .of(offer.manifest().guestUuid()))
                .isEmpty();
    }

    @Test
    void aBaselineIsNotRestored() {
        VmmigException refusal = catchThrowableOfType(
                VmmigException.class,
                () -> PackageReader.readHead(new ByteArrayInputStream(golden()), PackageLimits.DEFAULT));
        assertThat(refusal.problem()).isEqualTo(Problem.REQUEST_INVALID);
        assertThat(refusal).hasMessageContaining("baseline of guest golden-1");
    }

    @Test
    void aBaselineIsNotFolded() throws Exception {
        Path folded = directory.resolve("folded");
        try (OutputStream out = Files.newOutputStream(folded)) {
            VmmigException refusal = catchThrowableOfType(
                    VmmigException.class,
                    () -> sourceState.images().references().fold(new ByteArrayInputStream(golden()), out));
            assertThat(refusal.problem()).isEqualTo(Problem.REQUEST_INVALID);
        }
        assertThat(folded).isEmptyFile();
    }
}
