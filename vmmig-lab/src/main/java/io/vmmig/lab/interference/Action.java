// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.interference;

import static io.vmmig.lab.host.InjectionPoint.DESTINATION_COMMITTED;
import static io.vmmig.lab.host.InjectionPoint.DESTINATION_OFFERED;
import static io.vmmig.lab.host.InjectionPoint.DESTINATION_RUNNING;
import static io.vmmig.lab.host.InjectionPoint.DESTINATION_VERIFIED;
import static io.vmmig.lab.host.InjectionPoint.SOURCE_ACCEPTED;
import static io.vmmig.lab.host.InjectionPoint.SOURCE_COMMITTED;
import static io.vmmig.lab.host.InjectionPoint.SOURCE_HALFWAY;
import static io.vmmig.lab.host.InjectionPoint.SOURCE_OFFERING;
import static io.vmmig.lab.host.InjectionPoint.SOURCE_PREPARED;
import static io.vmmig.lab.host.InjectionPoint.SOURCE_SAVED;
import static io.vmmig.lab.host.InjectionPoint.SOURCE_SENT;

import io.vmmig.lab.host.InjectionPoint;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.Virsh;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/** What someone else does with the guest, or near it, during its migration. */
enum Action {
    RESUME("virsh resume", SOURCE_SENT, run -> run.resume(run.from())),
    CONT("QMP cont", SOURCE_HALFWAY, run -> run.cont(run.from())),
    CONT_AND_STOP("QMP cont, then stop", SOURCE_HALFWAY, run -> run.contAndStop(run.from())),
    SUSPEND("virsh suspend", SOURCE_PREPARED, run -> run.virsh(run.from(), "suspend")),
    RESUME_PAUSED("virsh resume, of a paused guest", SOURCE_PREPARED, run -> run.resume(run.from())),
    DESTROY("virsh destroy", SOURCE_SENT, run -> run.virsh(run.from(), "destroy")),
    KILL("QEMU killed", SOURCE_SAVED, run -> run.killQemu(run.from())),
    SHUTDOWN("virsh shutdown", SOURCE_PREPARED, run -> run.virsh(run.from(), "shutdown")),
    REBOOT("virsh reboot", SOURCE_SAVED, run -> run.virsh(run.from(), "reboot")),

    SNAPSHOT(
            "snapshot-create-as --disk-only",
            SOURCE_ACCEPTED,
            true,
            run -> run.virsh(run.from(), "snapshot-create-as", Action.MARK, "--disk-only", "--atomic")),
    ATTACH("attach-disk --live", SOURCE_ACCEPTED, true, run -> Action.attach(run, "--live")),
    ATTACH_CONFIG("attach-disk --config", SOURCE_PREPARED, true, run -> Action.attach(run, "--config")),
    DETACH("detach-disk --live", SOURCE_ACCEPTED, true, run -> Action.detach(run, "--live")),
    DETACH_CONFIG("detach-disk --config", SOURCE_PREPARED, true, run -> Action.detach(run, "--config")),
    DEFINE("define, with another XML", SOURCE_PREPARED, true, InterferenceRun::define),
    UNDEFINE("undefine", SOURCE_PREPARED, true, run -> run.virsh(run.from(), "undefine", "--snapshots-metadata")),
    SET_MEMORY("setmem --live", SOURCE_PREPARED, true, run -> run.setMemory(run.from(), Action.LESS_MEMORY_KIB)),
    RESTART_AT_SOURCE("source's libvirtd restarted", SOURCE_HALFWAY, run -> run.restartLibvirtd(run.from())),

    MOVE_AGAIN("moved by a second program", SOURCE_ACCEPTED, true, run -> run.moveAgain(run.to())),
    MOVE_ELSEWHERE("moved by a second program elsewhere", SOURCE_HALFWAY, true, run -> run.moveAgain(run.third())),
    NAMESAKE_COMES("a namesake comes from another host", DESTINATION_OFFERED, true, InterferenceRun::moveNamesake),
    NAMESAKE_DEFINED(
            "a namesake is defined at the destination", SOURCE_ACCEPTED, true, InterferenceRun::defineNamesake),
    FILES("somebody's files in its directory", SOURCE_OFFERING, InterferenceRun::makeFiles),
    RESUME_THERE("virsh resume at the destination", DESTINATION_VERIFIED, run -> run.virsh(run.to(), "resume")),
    CONT_THERE("QMP cont at the destination", SOURCE_SENT, run -> run.qmp(run.to(), "cont")),
    DESTROY_THERE("virsh destroy at the destination", DESTINATION_COMMITTED, run -> run.virsh(run.to(), "destroy")),
    UNDEFINE_THERE("undefine at the destination", SOURCE_COMMITTED, true, run -> run.virsh(run.to(), "undefine")),
    RESTART_AT_DESTINATION(
            "destination's libvirtd restarted", DESTINATION_RUNNING, run -> run.restartLibvirtd(run.to()));

    /** Marks what was changed. */
    static final String MARK = "changed-meanwhile";

    static final String LESS_MEMORY_KIB = "102400";
    /** A USB disk can be attached and detached without the guest's help. */
    static final String EXTRA_DISK = "sdz";

    private final String title;
    private final InjectionPoint mostHarmfulAt;
    private final boolean changesGuest;
    private final Function<InterferenceRun, String> doing;

    Action(String title, InjectionPoint mostHarmfulAt, Function<InterferenceRun, String> doing) {
        this(title, mostHarmfulAt, false, doing);
    }

    Action(String title, InjectionPoint mostHarmfulAt, boolean changesGuest, Function<InterferenceRun, String> doing) {
        this.title = title;
        this.mostHarmfulAt = mostHarmfulAt;
        this.changesGuest = changesGuest;
        this.doing = doing;
    }

    private static String attach(InterferenceRun run, String how) {
        return attach(
                run.file(run.from(), "extra"), run.guest().host(), run.guest().name(), how);
    }

    static String attach(Path file, LabHost host, String guest, String... how) {
        List<String> words = new ArrayList<>(
                List.of("attach-disk", guest, file.toString(), EXTRA_DISK, "--targetbus", "usb", "--subdriver", "raw"));
        words.addAll(List.of(how));
        return Virsh.at(host, words.toArray(String[]::new));
    }

    private static String detach(InterferenceRun run, String how) {
        return run.virsh(run.from(), "detach-disk", EXTRA_DISK, how);
    }

    String title() {
        return title;
    }

    InjectionPoint mostHarmfulAt() {
        return mostHarmfulAt;
    }

    /** Whether the action changes the guest, so that the next run needs another one. */
    boolean changesGuest() {
        return changesGuest;
    }

    boolean startsPaused() {
        return this == RESUME_PAUSED;
    }

    boolean startsWithExtraDisk() {
        return this == DETACH || this == DETACH_CONFIG;
    }

    /** Whether it resumes the source's copy. */
    boolean resumesAtSource() {
        return EnumSet.of(RESUME, CONT, CONT_AND_STOP, RESUME_PAUSED).contains(this);
    }

    /** Whether it resumes the destination's copy. */
    boolean resumesThere() {
        return this == RESUME_THERE || this == CONT_THERE;
    }

    /** Whether it is over within a second, which both ends can wait for. */
    boolean isOrderly() {
        return this == RESTART_AT_SOURCE || this == RESTART_AT_DESTINATION;
    }

    /** Starts the action. */
    Deed begin(InterferenceRun run) {
        return Deed.begin(() -> doing.apply(run));
    }

    /**
     * The states that the guest may be in at the end, given what its users asked for last.
     *
     * @param accepted whether they were told that it was done
     */
    Set<Seen> wanted(Cell cell, boolean accepted) {
        Set<Seen> unchanged = EnumSet.of(startsPaused() ? Seen.PAUSED : Seen.RUNNING);
        Set<Seen> ended = EnumSet.of(Seen.OFF, Seen.ABSENT);
        if (!accepted) {
            return unchanged;
        }
        return switch (this) {
            case RESUME_PAUSED -> cell.givenAway() ? EnumSet.of(Seen.RUNNING, Seen.PAUSED) : EnumSet.of(Seen.RUNNING);
            case SUSPEND -> cell.beforeSave() ? EnumSet.of(Seen.PAUSED) : unchanged;
            case CONT_AND_STOP -> cell.beforeSave() ? EnumSet.of(Seen.PAUSED) : EnumSet.of(Seen.RUNNING, Seen.PAUSED);
            case DESTROY -> cell.givenAway() ? unchanged : ended;
            case KILL -> {
                if (cell.givenAway()) {
                    yield unchanged;
                }
                if (!cell.memoryMayBeRead()) {
                    yield ended;
                }
                yield EnumSet.of(Seen.RUNNING, Seen.OFF, Seen.ABSENT);
            }
            case DESTROY_THERE -> cell.runsThere() ? ended : unchanged;
            default -> unchanged;
        };
    }

    /** Whether a change at that point has to show in the guest, or has to be reported. */
    boolean isKeptOrTold(Cell cell) {
        return switch (this) {
            // libvirt has no event for a paused guest that was told to return memory.
            case SET_MEMORY -> cell.beforeSave();
            case UNDEFINE_THERE -> true;
            default -> !cell.givenAway();
        };
    }

    /** Whether the change shows in the guest, at that host. */
    boolean showsIn(InterferenceRun run, LabHost host) {
        return switch (this) {
            case SNAPSHOT -> run.virsh(host, "snapshot-list", "--name").contains(MARK);
            case ATTACH -> run.virsh(host, "dumpxml").contains(EXTRA_DISK);
            case ATTACH_CONFIG -> run.virsh(host, "dumpxml", "--inactive").contains(EXTRA_DISK);
            case DETACH -> !run.virsh(host, "dumpxml").contains(EXTRA_DISK);
            case DETACH_CONFIG -> !run.virsh(host, "dumpxml", "--inactive").contains(EXTRA_DISK);
            case DEFINE -> run.virsh(host, "dumpxml", "--inactive").contains(MARK);
            case UNDEFINE, UNDEFINE_THERE -> run.virsh(host, "dominfo").matches("(?s).*Persistent: +no.*");
            case SET_MEMORY -> run.virsh(host, "dumpxml").contains(">" + LESS_MEMORY_KIB + "</currentMemory>");
            default -> true;
        };
    }
}
