// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.faults;

import io.vmmig.lab.Await;
import io.vmmig.lab.LabException;
import io.vmmig.lab.Trees;
import io.vmmig.lab.guest.Console;
import io.vmmig.lab.guest.GuestKind;
import io.vmmig.lab.guest.LabDisk;
import io.vmmig.lab.guest.LabDomain;
import io.vmmig.lab.host.InjectionPoint;
import io.vmmig.lab.host.Lab;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.MoveResult;
import io.vmmig.lab.host.MoveScenario;
import io.vmmig.lab.host.Resolved;
import io.vmmig.lab.host.SendProfile;
import io.vmmig.lab.matrix.InvariantChecker;
import io.vmmig.lab.matrix.SplitBrainDetector;
import io.vmmig.lab.matrix.Worker;
import io.vmmig.report.RecoveryReport.Side;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Two hosts and one guest, used for cell after cell until something goes wrong. For one thread. */
final class FaultWorker implements Worker<Cell> {
    private static final String GUEST = "traveller";
    private static final int MEMORY_MIB = 128;
    private static final String CONTENT = "vmmig.memory=4";

    private static final Duration TIME_TO_PRINT = Duration.ofSeconds(20);

    private final Pair pair;
    private final Limits limits;
    private final Random random;
    private final SendProfile profile;
    private final String load;
    private @Nullable LabGuest guest;
    private @Nullable Path disk;
    private String sum = "";

    /**
     * @param profile how the guest moves where nothing goes wrong; live, between hosts that can
     * @param load a parameter of the guest
     */
    FaultWorker(Lab lab, String name, Limits limits, Random random, SendProfile profile, String load) {
        this.profile = profile;
        this.load = load;
        this.pair = new Pair(lab, name, live() ? "trixie" : Lab.THIS_RELEASE, limits);
        this.limits = limits;
        this.random = random;
        // Here, so that no cell waits for it.
        ready();
    }

    @Override
    public Result run(Cell cell, boolean last) {
        Result result = fail(cell);
        boolean moves = result.wrong().isEmpty() && (last || limits.moveAfterEach());
        return moves ? new Result(result.outcome(), move()) : result;
    }

    /** Runs a migration with a fault. A wrong outcome is in the result; what prevents an outcome is thrown. */
    Result fail(Cell cell) {
        pair.resetClocks();
        LabGuest left = ready();
        LabHost from = left.host();
        LabHost to = pair.other(from);
        FaultRun run = new FaultRun(pair, left, cell.point(), limits);
        List<String> wrong = new ArrayList<>();
        FaultOutcome outcome;
        try (SplitBrainDetector detector =
                new SplitBrainDetector(GUEST, left.console().file(), to)) {
            if (cell.point() == InjectionPoint.DESTINATION_RUNNING) {
                // It was resumed; wait until it prints.
                Await.until("it to print at the destination", TIME_TO_PRINT, detector::ranThere);
            }
            cell.fault().strike(run);
            run.proceed();
            cell.fault().end(run);
            run.awaitBothEnds();
            run.bringBack();
            outcome = conclude(run, detector);
            if (detector.ranTwice()) {
                wrong.add("the guest ran at the source after it had run at the destination");
            }
        }
        Set<FaultOutcome> expected = Expectation.of(cell);
        if (!expected.contains(outcome)) {
            wrong.add("it ended as " + outcome + ", and not as " + expected + "; " + run.resolved());
        }
        // A guest's console is where vmmig has put its files.
        boolean logIsWhole = cell.fault() != Fault.DISK_FULL_AT_DESTINATION;
        wrong.addAll(examine(run, left, outcome, logIsWhole));
        if (!logIsWhole) {
            LabGuest now = here();
            guest = new LabGuest(now.host(), GUEST, Console.from(now.console().file()), now.channel());
        }
        LabHost here = here().host();
        for (LabHost host : pair.hosts()) {
            wrong.addAll(InvariantChecker.leftovers(host, GUEST, host == here));
        }
        return new Result(outcome.word(), wrong);
    }

    private LabGuest here() {
        if (guest == null) {
            throw new IllegalStateException("there is no guest");
        }
        return guest;
    }

    /** The guest; starts one if there is none. */
    private LabGuest ready() {
        if (guest == null) {
            LabHost host = pair.first();
            Path file = host.homeOf(GUEST).resolve("a.qcow2");
            LabDisk overlay =
                    LabDisk.overlay(file, GuestKind.TINY_X86_64.image().qcow2(), "qcow2");
            start(host, overlay.file());
        }
        return here();
    }

    private boolean live() {
        return profile == SendProfile.LIVE;
    }

    private void start(LabHost host, Path file) {
        LabDomain domain = LabDomain.of(GuestKind.TINY_X86_64.image(), GUEST)
                .memoryMib(MEMORY_MIB)
                .parameter(CONTENT + " " + load)
                .disk(new LabDisk(file, "qcow2"));
        LabGuest started = host.start(domain).ready();
        guest = started;
        disk = file;
        sum = started.memorySum();
    }

    // ---- what became of it

    private FaultOutcome conclude(FaultRun run, SplitBrainDetector detector) {
        boolean sourceFirst = random.nextBoolean();
        List<Resolved> open = run.recover(sourceFirst);
        requireNotTwice(run);
        boolean unknown = false;
        if (!open.isEmpty()) {
            unknown = true;
            run.proxy().mend();
            open = run.recover(sourceFirst);
            requireNotTwice(run);
        } else {
            run.proxy().mend();
        }
        if (!open.isEmpty()) {
            return decide(run, detector, open);
        }
        boolean recovered = !run.resolved().isEmpty();
        if (runs(run.to())) {
            return unknown
                    ? FaultOutcome.UNKNOWN_THEN_THERE
                    : recovered ? FaultOutcome.RECOVERED_THERE : FaultOutcome.COMPLETED;
        }
        if (runs(run.from())) {
            return unknown
                    ? FaultOutcome.UNKNOWN_THEN_HERE
                    : recovered ? FaultOutcome.RECOVERED_HERE : FaultOutcome.ROLLED_BACK;
        }
        return hasDisk(run.to()) ? FaultOutcome.ENDED_THERE : FaultOutcome.ENDED_HERE;
    }

    /** As a person who follows the documentation would. */
    private FaultOutcome decide(FaultRun run, SplitBrainDetector detector, List<Resolved> open) {
        if (runs(run.from()) || runs(run.to())) {
            throw new LabException("the guest runs, and yet its migration is left open: " + open);
        }
        Side livesAt = detector.ranThere() ? Side.DESTINATION : Side.SOURCE;
        for (LabHost host : List.of(run.to(), run.from())) {
            host.decide(pair.other(host), open.get(0).packageId(), livesAt);
        }
        List<Resolved> left = run.recover(false);
        if (!left.isEmpty()) {
            throw new LabException("a person has decided, and yet the migration is left open: " + left);
        }
        return livesAt == Side.SOURCE ? FaultOutcome.DECIDED_HERE : FaultOutcome.DECIDED_THERE;
    }

    private boolean runs(LabHost host) {
        if (!host.guests().contains(GUEST)) {
            return false;
        }
        if (host.stateOf(GUEST).equals("RUNNING")) {
            return true;
        }
        if (stoppedByAFullDisk(host)) {
            host.resume(GUEST);
            host.awaitState(GUEST, "RUNNING");
            return true;
        }
        return false;
    }

    /** QEMU pauses a guest whose disk is full; its owner resumes it when there is space. */
    private static boolean stoppedByAFullDisk(LabHost host) {
        return host.pausedByError(GUEST);
    }

    private void requireNotTwice(FaultRun run) {
        if (runs(run.from()) && runs(run.to())) {
            throw new LabException("IT RUNS TWICE: " + run.resolved());
        }
    }

    private static boolean hasDisk(LabHost host) {
        return diskAt(host).isPresent();
    }

    private static Optional<Path> diskAt(LabHost host) {
        return Trees.files(host.guestsDirectory().resolve(GUEST)).stream()
                .filter(file -> file.toString().endsWith(".qcow2"))
                .findFirst();
    }

    // ---- how it fared

    private List<String> examine(FaultRun run, LabGuest left, FaultOutcome outcome, boolean logIsWhole) {
        return switch (outcome) {
            case COMPLETED, RECOVERED_THERE, UNKNOWN_THEN_THERE -> {
                byte[] before = left.console().bytes();
                LabGuest arrived = run.receiving().guest(GUEST);
                remember(arrived);
                yield InvariantChecker.lossesOf(arrived, Optional.of(before), sum, logIsWhole);
            }
            case ROLLED_BACK, RECOVERED_HERE, UNKNOWN_THEN_HERE, DECIDED_HERE ->
                InvariantChecker.lossesOf(left, Optional.empty(), sum, true);
            case ENDED_HERE -> startAgain(run.from(), disk == null ? left.host().homeOf(GUEST) : disk, left);
            case ENDED_THERE, DECIDED_THERE ->
                startAgain(
                        run.to(),
                        diskAt(run.to()).orElseThrow(() -> new LabException("it has no disk at the destination")),
                        left);
        };
    }

    private void remember(LabGuest arrived) {
        guest = arrived;
        disk = arrived.host().diskOf(GUEST, "vda");
    }

    /**
     * Started from its disk, which must have the records that it announced before it left. What it announced later is lost with
     * its log.
     */
    private List<String> startAgain(LabHost host, Path file, LabGuest left) {
        long announced = left.console().log().lastRecord();
        // The socket of a channel that the guest no longer has, since its user starts it from another XML.
        Trees.list(Objects.requireNonNull(file.getParent())).stream()
                .filter(entry -> entry.toString().endsWith(".sock"))
                .forEach(Trees::delete);
        start(host, file);
        Map<String, Long> records = here().records();
        return InvariantChecker.missingRecords(announced, records);
    }

    /** Runs a migration without a fault; returns what went wrong nevertheless. */
    List<String> move() {
        LabGuest left = ready();
        MoveResult result = MoveScenario.plain().overTls(left, pair.other(left.host()), profile);
        remember(result.arrived());
        List<String> wrong = new ArrayList<>();
        if (!result.whole()) {
            wrong.add("a migration without a fault lost something");
        }
        for (LabHost host : pair.hosts()) {
            wrong.addAll(InvariantChecker.leftovers(
                    host, GUEST, host == result.arrived().host()));
        }
        return wrong;
    }

    @Override
    public void close() {
        pair.close();
    }
}
