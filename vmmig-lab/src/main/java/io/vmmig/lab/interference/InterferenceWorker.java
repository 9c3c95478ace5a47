// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.interference;

import io.vmmig.lab.Await;
import io.vmmig.lab.Trees;
import io.vmmig.lab.guest.GuestKind;
import io.vmmig.lab.guest.LabDisk;
import io.vmmig.lab.guest.LabDomain;
import io.vmmig.lab.host.InjectionPoint;
import io.vmmig.lab.host.Lab;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.Resolved;
import io.vmmig.lab.host.Virsh;
import io.vmmig.lab.matrix.InvariantChecker;
import io.vmmig.lab.matrix.SplitBrainDetector;
import io.vmmig.lab.matrix.Worker;
import io.vmmig.report.Notice;
import io.vmmig.report.RecoveryReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Three hosts and one guest, used for cell after cell until an action changes the guest. For one thread. */
final class InterferenceWorker implements Worker<Cell> {
    private static final String GUEST = "traveller";
    private static final int MEMORY_MIB = 128;
    private static final String CONTENT = "vmmig.memory=4";
    private static final Duration TIME_TO_PRINT = Duration.ofSeconds(20);
    /** An action that takes longer waits for vmmig, so vmmig continues. */
    private static final Duration TIME_TO_ACT = Duration.ofSeconds(4);

    private final Triangle triangle;
    private @Nullable Member traveller;

    InterferenceWorker(Lab lab, String name) {
        triangle = new Triangle(lab, name);
    }

    /**
     * A guest, and what must be the same afterwards.
     *
     * @param sum the checksum of its memory
     */
    private record Member(LabGuest guest, UUID uuid, String sum) {
        Member at(LabGuest there) {
            return new Member(there, uuid, sum);
        }
    }

    @Override
    public Result run(Cell cell, boolean last) {
        Member left = ready(cell.action());
        LabHost third = triangle.after(triangle.after(left.guest().host()));
        Member namesake = cell.action() == Action.NAMESAKE_COMES ? start(third) : null;
        InterferenceRun run = new InterferenceRun(
                triangle, new Cast(left.guest(), left.uuid(), namesake == null ? null : namesake.guest()), cell);
        if (cell.action().startsWithExtraDisk()) {
            run.watch(extraDisk(left.guest().host()));
        }
        Verdict verdict = new Verdict(run, left);
        String outcome = verdict.reach();
        if (namesake != null) {
            verdict.judgeNamesake(namesake);
        }
        verdict.judgeLeftovers(namesake);
        clear(run, namesake);
        if (cell.action().changesGuest() || verdict.here == null) {
            remove(GUEST);
            traveller = null;
        } else {
            traveller = left.at(verdict.here);
        }
        return new Result(outcome, verdict.wrong());
    }

    private Member ready(Action action) {
        Member member = traveller == null ? start(triangle.hosts().get(0)) : traveller;
        traveller = member;
        LabHost host = member.guest().host();
        if (action.startsPaused()) {
            Virsh.at(host, "suspend", GUEST);
        }
        if (action.startsWithExtraDisk()) {
            Path file = extraDisk(host);
            LabDisk.raw(file, GuestKind.TINY_X86_64.image().raw());
            Action.attach(file, host, GUEST, "--live", "--config");
        }
        return member;
    }

    private static Path extraDisk(LabHost host) {
        return host.directory().resolve("others").resolve("extra");
    }

    private static Member start(LabHost host) {
        Path file = host.homeOf(GUEST).resolve("a.qcow2");
        LabDisk overlay = LabDisk.overlay(file, GuestKind.TINY_X86_64.image().qcow2(), "qcow2");
        LabDomain domain = LabDomain.of(GuestKind.TINY_X86_64.image(), GUEST)
                .memoryMib(MEMORY_MIB)
                .parameter(CONTENT)
                .disk(overlay)
                .kept();
        LabGuest started = host.start(domain).ready();
        return new Member(
                started, UUID.fromString(Virsh.at(host, "domuuid", GUEST).strip()), started.memorySum());
    }

    private void clear(InterferenceRun run, @Nullable Member namesake) {
        run.filesOfOthers().keySet().forEach(Trees::delete);
        triangle.hosts().forEach(host -> Trees.delete(host.directory().resolve("others")));
        run.definedMeanwhile().ifPresent(uuid -> Virsh.at(run.to(), "undefine", uuid.toString()));
        if (namesake != null) {
            remove(GUEST);
        }
    }

    private void remove(String name) {
        triangle.hosts().forEach(host -> host.remove(name));
    }

    @Override
    public void close() {
        triangle.close();
    }

    /** Checks how a run ended. For one run. */
    private final class Verdict {
        private final InterferenceRun run;
        private final Cell cell;
        private final Member left;
        private final List<String> wrong = new ArrayList<>();
        private final List<Resolved> resolved = new ArrayList<>();
        private @Nullable LabGuest here;
        private boolean alarm;
        private @Nullable Answer said;
        private String story = "";

        Verdict(InterferenceRun run, Member left) {
            this.run = run;
            this.cell = run.cell();
            this.left = left;
        }

        /** Waits for the end of the run; returns its outcome. */
        String reach() {
            byte[] atStop = left.guest().console().bytes();
            Deed deed;
            Answer source;
            Answer destination;
            boolean overInTime;
            boolean ranTwice;
            try (SplitBrainDetector detector =
                    new SplitBrainDetector(GUEST, left.guest().console().file(), run.to())) {
                if (cell.point() == InjectionPoint.DESTINATION_RUNNING
                        && !cell.action().startsPaused()) {
                    Await.until("it to print at the destination", TIME_TO_PRINT, detector::ranThere);
                }
                deed = cell.action().begin(run);
                overInTime = deed.overWithin(TIME_TO_ACT);
                run.proceed();
                source = Answer.of("source", run.sending());
                destination = Answer.of("destination", run.receiving().move());
                overInTime |= deed.overWithin(Duration.ZERO);
                ranTwice = detector.ranTwice();
            }
            boolean accepted = deed.accepted();
            if (deed.toString().contains(Rival.FALSE)) {
                wrong.add(deed.toString());
            }
            Set<Seen> wanted = cell.action().wanted(cell, accepted);
            if (overInTime) {
                Set<Seen> mayBe = EnumSet.copyOf(wanted);
                if (accepted && run.rival().isPresent()) {
                    mayBe.add(Seen.ABSENT);
                }
                Seen atSource = Seen.of(left.uuid(), run.from());
                Seen atDestination = Seen.of(left.uuid(), run.to());
                wrong.addAll(source.lies(atSource, atDestination, mayBe));
                wrong.addAll(destination.lies(atSource, atDestination, mayBe));
            }
            alarm = source.told(Notice.Kind.ALARM);
            said = source;
            judgeTwice(accepted, ranTwice);
            boolean open = recover();
            if (!resolved.isEmpty() && cell.action().isOrderly() && !cell.givenAway()) {
                wrong.add("a recovery had to finish after an orderly restart");
            }
            String where = judgePlace(wanted);
            if (here != null) {
                judgeGuest(
                        here, cell.givenAway() ? atStop : left.guest().console().bytes());
                boolean told =
                        !source.notices().isEmpty() || !destination.notices().isEmpty();
                judgeChange(accepted, told);
            }
            wrong.addAll(run.lossesOfOthers());
            story = deed + "; " + source + "; " + destination + "; " + resolved;
            return where
                    + (accepted ? "" : ", refused")
                    + (source.notices().isEmpty() ? "" : alarm ? ", alarm" : ", told")
                    + (open ? ", person" : resolved.isEmpty() ? "" : ", recovered");
        }

        /** What is wrong and, if anything is, what the ends reported. */
        List<String> wrong() {
            List<String> all = new ArrayList<>(wrong);
            if (!all.isEmpty()) {
                all.add("(" + story + ")");
            }
            return all;
        }

        /**
         * The guest runs twice only if someone resumes the copy that is not, or no longer, the guest. If that is the source's
         * copy there must be an alarm, and never otherwise.
         */
        private void judgeTwice(boolean accepted, boolean ranTwice) {
            boolean byHand = accepted && cell.givenAway() && cell.action().resumesAtSource();
            boolean byHandThere = accepted && !cell.runsThere() && cell.action().resumesThere();
            // The detector knows the guest by its name.
            boolean namesakeRunsThere = accepted && cell.action() == Action.NAMESAKE_COMES;
            if (ranTwice && !byHand && !byHandThere && !namesakeRunsThere) {
                wrong.add("the guest ran at the source after it had run at the destination");
            }
            if (ranTwice && byHand && !alarm) {
                wrong.add("the guest ran twice, and there was no alarm");
            }
            if (alarm && !byHand) {
                wrong.add("there was a false alarm");
            }
        }

        /** Whether a person has to decide something. */
        private boolean recover() {
            List<Resolved> open = List.of();
            for (int round = 0; round < 3; round++) {
                List<Resolved> done = new ArrayList<>();
                triangle.hosts().forEach(host -> done.addAll(host.recover(triangle.othersThan(host))));
                resolved.addAll(done);
                open = done.stream()
                        .filter(one -> one.result() == RecoveryReport.Result.LEFT_OPEN)
                        .toList();
                if (done.size() == open.size()) {
                    break;
                }
            }
            if (!open.isEmpty()) {
                wrong.add("a person has to decide: " + open);
            }
            return !open.isEmpty();
        }

        private String judgePlace(Set<Seen> wanted) {
            List<LabHost> active = new ArrayList<>();
            List<String> all = new ArrayList<>();
            for (LabHost host : triangle.hosts()) {
                Seen seen = Seen.of(left.uuid(), host);
                all.add(host + " " + seen);
                if (seen.active()) {
                    active.add(host);
                    if (!wanted.contains(seen)) {
                        wrong.add("it is " + seen + " at " + host + ", and should be " + wanted);
                    }
                }
            }
            long known = all.stream()
                    .filter(one -> !one.endsWith(Seen.ABSENT.name()))
                    .count();
            boolean mayEnd = wanted.contains(Seen.OFF);
            if (active.size() > 1 || known > 1 || (active.isEmpty() && !mayEnd)) {
                wrong.add("it is " + all);
            }
            if (active.size() != 1) {
                return "ended";
            }
            LabHost host = active.get(0);
            here = guestAt(host);
            return host == run.from() ? "stayed" : host == run.to() ? "moved" : "moved elsewhere";
        }

        private LabGuest guestAt(LabHost host) {
            if (host == run.from()) {
                return left.guest();
            }
            return host == run.to()
                    ? run.receiving().guest(GUEST)
                    : run.rival().orElseThrow().receiving().guest(GUEST);
        }

        private void judgeGuest(LabGuest guest, byte[] before) {
            if (Seen.of(left.uuid(), guest.host()) == Seen.PAUSED) {
                guest.host().resume(GUEST);
            }
            Optional<byte[]> earlier = guest.host() == run.from() ? Optional.empty() : Optional.of(before);
            wrong.addAll(InvariantChecker.lossesOf(guest, earlier, left.sum(), true));
        }

        private void judgeChange(boolean accepted, boolean told) {
            LabGuest guest = here;
            if (accepted && guest != null && !told && cell.action().isKeptOrTold(cell)) {
                // A balloon is slow.
                wrong.addAll(InvariantChecker.lasting(
                        "what was accepted to show",
                        () -> cell.action().showsIn(run, guest.host())
                                ? List.of()
                                : List.of("an accepted change is lost, and no end reported it")));
            }
        }

        void judgeNamesake(Member namesake) {
            LabHost home = namesake.guest().host();
            boolean moved = Seen.of(namesake.uuid(), home) == Seen.ABSENT;
            LabHost now = moved ? run.to() : home;
            if (Seen.of(namesake.uuid(), now) != Seen.RUNNING) {
                wrong.add("the namesake is " + Seen.of(namesake.uuid(), now) + " at " + now);
                return;
            }
            LabGuest guest = moved ? run.rival().orElseThrow().receiving().guest(GUEST) : namesake.guest();
            wrong.addAll(InvariantChecker.lossesOf(
                    guest,
                    moved ? Optional.of(namesake.guest().console().bytes()) : Optional.empty(),
                    namesake.sum(),
                    true));
        }

        void judgeLeftovers(@Nullable Member namesake) {
            for (LabHost host : triangle.hosts()) {
                wrong.addAll(InvariantChecker.lasting("nothing to be left on " + host, () -> left(host, namesake)));
            }
        }

        /**
         * The source has reported that the file stays, or it is a person's own snapshot; its owner would remove it now. vmmig's
         * list of the directory's files goes with the last of them.
         */
        private boolean isLeftToPerson(Path file, List<String> files) {
            if (said == null || !file.startsWith(run.from().guestsDirectory())) {
                return false;
            }
            boolean lastList = file.endsWith(".vmmig-files") && files.size() == 1 && said.told(Notice.Kind.LEFT_BEHIND);
            return alarm || said.leaves(file) || file.toString().endsWith("." + Action.MARK) || lastList;
        }

        private List<String> left(LabHost host, @Nullable Member namesake) throws IOException {
            Set<UUID> mine = new HashSet<>(Set.of(left.uuid()));
            run.definedMeanwhile().ifPresent(mine::add);
            if (namesake != null) {
                mine.add(namesake.uuid());
            }
            List<String> found = new ArrayList<>();
            List<String> uuids = Virsh.at(host, "list", "--all", "--uuid")
                    .lines()
                    .filter(line -> !line.isBlank())
                    .map(String::strip)
                    .toList();
            uuids.stream()
                    .filter(uuid -> !mine.contains(UUID.fromString(uuid)))
                    .forEach(uuid -> found.add(host + " knows " + uuid));
            long active = Virsh.at(host, "list", "--uuid")
                    .lines()
                    .filter(line -> !line.isBlank())
                    .count();
            int qemus = host.trouble().qemus(GUEST).size();
            if (qemus != active) {
                found.add(host + " runs " + qemus + " QEMUs for " + active + " guests");
            }
            List<String> files = InvariantChecker.leftFiles(
                    host, !uuids.isEmpty(), run.filesOfOthers().keySet());
            for (String file : files) {
                if (host == run.from() && isLeftToPerson(Path.of(file), files)) {
                    Files.deleteIfExists(Path.of(file));
                } else {
                    found.add(file);
                }
            }
            return found;
        }
    }
}
