// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.faults;

import io.vmmig.lab.Await;
import io.vmmig.lab.LabException;
import io.vmmig.lab.Trees;
import io.vmmig.lab.guest.Console;
import io.vmmig.lab.guest.GuestKind;
import io.vmmig.lab.guest.LabDisk;
import io.vmmig.lab.guest.LabDomain;
import io.vmmig.lab.host.Journey;
import io.vmmig.lab.host.Lab;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.Moment;
import io.vmmig.lab.host.Passage;
import io.vmmig.lab.host.Settled;
import io.vmmig.lab.matrix.Lane;
import io.vmmig.lab.matrix.Sentry;
import io.vmmig.lab.matrix.Witness;
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

/** Two hosts and one guest that goes from cell to cell, as long as all goes well. For one thread. */
final class FaultLane implements Lane<Cell> {
    private static final String GUEST = "traveller";
    private static final int MEMORY_MIB = 128;
    private static final String CONTENT = "vmmig.memory=4";

    private static final Duration TIME_TO_PRINT = Duration.ofSeconds(20);

    private final Pair pair;
    private final Limits limits;
    private final Random random;
    private @Nullable LabGuest guest;
    private @Nullable Path disk;
    private String sum = "";

    FaultLane(Lab lab, String name, Limits limits, Random random) {
        this.pair = new Pair(lab, name, limits);
        this.limits = limits;
        this.random = random;
        // Here, so that no cell has to wait for it.
        ready();
    }

    @Override
    public Result run(Cell cell, boolean last) {
        Result result = fail(cell);
        boolean moves = result.wrong().isEmpty() && (last || limits.moveAfterEach());
        return moves ? new Result(result.ending(), move()) : result;
    }

    /** A migration in which a fault happens. What is wrong with its ending is in the result; what keeps it from ending is thrown. */
    Result fail(Cell cell) {
        pair.resetClocks();
        LabGuest left = ready();
        LabHost from = left.host();
        LabHost to = pair.other(from);
        Scene scene = new Scene(pair, left, cell.moment(), limits);
        List<String> wrong = new ArrayList<>();
        Ending ending;
        try (Sentry sentry = new Sentry(GUEST, left.console().file(), to)) {
            if (cell.moment() == Moment.DESTINATION_RUNNING) {
                // It has been let run, and now it does.
                Await.until("it to print at the destination", TIME_TO_PRINT, sentry::ranThere);
            }
            cell.fault().strike(scene);
            scene.goOn();
            cell.fault().end(scene);
            scene.awaitBothEnds();
            scene.bringBack();
            ending = settle(scene, sentry);
            if (sentry.ranTwice()) {
                wrong.add("it ran at the source after it had run at the destination");
            }
        }
        Set<Ending> expected = Expectation.of(cell);
        if (!expected.contains(ending)) {
            wrong.add("it ended as " + ending + ", and not as " + expected + "; " + scene.settled());
        }
        // What a guest prints goes to where vmmig has put its files.
        boolean logIsWhole = cell.fault() != Fault.DISK_FULL_AT_DESTINATION;
        wrong.addAll(examine(scene, left, ending, logIsWhole));
        if (!logIsWhole) {
            LabGuest now = here();
            guest = new LabGuest(now.host(), GUEST, Console.from(now.console().file()), now.channel());
        }
        LabHost here = here().host();
        for (LabHost host : pair.hosts()) {
            wrong.addAll(Witness.leftovers(host, GUEST, host == here));
        }
        return new Result(ending.word(), wrong);
    }

    private LabGuest here() {
        if (guest == null) {
            throw new IllegalStateException("there is no guest");
        }
        return guest;
    }

    /** The guest, which is started if there is none yet. */
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

    private void start(LabHost host, Path file) {
        LabDomain domain = LabDomain.of(GuestKind.TINY_X86_64.image(), GUEST)
                .memoryMib(MEMORY_MIB)
                .parameter(CONTENT)
                .disk(new LabDisk(file, "qcow2"));
        LabGuest started = host.start(domain).ready();
        guest = started;
        disk = file;
        sum = started.memorySum();
    }

    // ---- what became of it

    private Ending settle(Scene scene, Sentry sentry) {
        boolean sourceFirst = random.nextBoolean();
        List<Settled> open = scene.recover(sourceFirst);
        requireNotTwice(scene);
        boolean unknown = false;
        if (!open.isEmpty()) {
            unknown = true;
            scene.cable().mend();
            open = scene.recover(sourceFirst);
            requireNotTwice(scene);
        } else {
            scene.cable().mend();
        }
        if (!open.isEmpty()) {
            return decide(scene, sentry, open);
        }
        boolean recovered = !scene.settled().isEmpty();
        if (runs(scene.to())) {
            return unknown ? Ending.UNKNOWN_THEN_THERE : recovered ? Ending.RECOVERED_THERE : Ending.COMPLETED;
        }
        if (runs(scene.from())) {
            return unknown ? Ending.UNKNOWN_THEN_HERE : recovered ? Ending.RECOVERED_HERE : Ending.ROLLED_BACK;
        }
        return hasDisk(scene.to()) ? Ending.ENDED_THERE : Ending.ENDED_HERE;
    }

    /** As a person would who knows what the documentation says. */
    private Ending decide(Scene scene, Sentry sentry, List<Settled> open) {
        if (runs(scene.from()) || runs(scene.to())) {
            throw new LabException("it runs, and is open all the same: " + open);
        }
        Side livesAt = sentry.ranThere() ? Side.DESTINATION : Side.SOURCE;
        for (LabHost host : List.of(scene.to(), scene.from())) {
            host.decide(pair.other(host), open.get(0).packageId(), livesAt);
        }
        List<Settled> left = scene.recover(false);
        if (!left.isEmpty()) {
            throw new LabException("a person has decided, and it is open all the same: " + left);
        }
        return livesAt == Side.SOURCE ? Ending.DECIDED_HERE : Ending.DECIDED_THERE;
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

    /** QEMU pauses a guest whose disk has no space left, and its owner lets it go on when there is some. */
    private static boolean stoppedByAFullDisk(LabHost host) {
        return host.pausedByError(GUEST);
    }

    private void requireNotTwice(Scene scene) {
        if (runs(scene.from()) && runs(scene.to())) {
            throw new LabException("IT RUNS TWICE: " + scene.settled());
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

    private List<String> examine(Scene scene, LabGuest left, Ending ending, boolean logIsWhole) {
        return switch (ending) {
            case COMPLETED, RECOVERED_THERE, UNKNOWN_THEN_THERE -> {
                byte[] before = left.console().bytes();
                LabGuest arrived = scene.receiving().guest(GUEST);
                settleIn(arrived);
                yield Witness.lossesOf(arrived, Optional.of(before), sum, logIsWhole);
            }
            case ROLLED_BACK, RECOVERED_HERE, UNKNOWN_THEN_HERE, DECIDED_HERE ->
                Witness.lossesOf(left, Optional.empty(), sum, true);
            case ENDED_HERE ->
                startAgain(scene.from(), disk == null ? left.host().homeOf(GUEST) : disk, left);
            case ENDED_THERE, DECIDED_THERE ->
                startAgain(
                        scene.to(),
                        diskAt(scene.to()).orElseThrow(() -> new LabException("it has no disk at the destination")),
                        left);
        };
    }

    private void settleIn(LabGuest arrived) {
        guest = arrived;
        disk = arrived.host().diskOf(GUEST, "vda");
    }

    /** From its disk, which must have what it had announced before it left; what it announced after that is gone with its log. */
    private List<String> startAgain(LabHost host, Path file, LabGuest left) {
        long announced = left.console().log().lastRecord();
        // Of a channel that the guest has no more, since its user starts it from another XML.
        Trees.list(Objects.requireNonNull(file.getParent())).stream()
                .filter(entry -> entry.toString().endsWith(".sock"))
                .forEach(Trees::delete);
        start(host, file);
        Map<String, Long> records = here().records();
        return Witness.missingRecords(announced, records);
    }

    /** A migration in which nothing goes wrong; returns what was wrong all the same. */
    List<String> move() {
        LabGuest left = ready();
        Passage passage = Journey.plain().overTls(left, pair.other(left.host()));
        settleIn(passage.arrived());
        List<String> wrong = new ArrayList<>();
        if (!passage.whole()) {
            wrong.add("a migration in which nothing went wrong was not whole");
        }
        for (LabHost host : pair.hosts()) {
            wrong.addAll(
                    Witness.leftovers(host, GUEST, host == passage.arrived().host()));
        }
        return wrong;
    }

    @Override
    public void close() {
        pair.close();
    }
}
