// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.interference;

import static io.vmmig.lab.host.Moment.DESTINATION_COMMITTED;
import static io.vmmig.lab.host.Moment.DESTINATION_OFFERED;
import static io.vmmig.lab.host.Moment.DESTINATION_RUNNING;
import static io.vmmig.lab.host.Moment.DESTINATION_VERIFIED;
import static io.vmmig.lab.host.Moment.SOURCE_ACCEPTED;
import static io.vmmig.lab.host.Moment.SOURCE_COMMITTED;
import static io.vmmig.lab.host.Moment.SOURCE_HALFWAY;
import static io.vmmig.lab.host.Moment.SOURCE_OFFERING;
import static io.vmmig.lab.host.Moment.SOURCE_PREPARED;
import static io.vmmig.lab.host.Moment.SOURCE_SAVED;
import static io.vmmig.lab.host.Moment.SOURCE_SENT;

import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.Moment;
import io.vmmig.lab.host.Virsh;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/** What somebody else does with the guest, or near it, while it is moved. */
enum Action {
    RESUME("virsh resume", SOURCE_SENT, scene -> scene.resume(scene.from())),
    CONT("QMP cont", SOURCE_HALFWAY, scene -> scene.cont(scene.from())),
    CONT_AND_STOP("QMP cont, then stop", SOURCE_HALFWAY, scene -> scene.contAndStop(scene.from())),
    SUSPEND("virsh suspend", SOURCE_PREPARED, scene -> scene.virsh(scene.from(), "suspend")),
    RESUME_PAUSED("virsh resume, of a paused guest", SOURCE_PREPARED, scene -> scene.resume(scene.from())),
    DESTROY("virsh destroy", SOURCE_SENT, scene -> scene.virsh(scene.from(), "destroy")),
    KILL("QEMU killed", SOURCE_SAVED, scene -> scene.killQemu(scene.from())),
    SHUTDOWN("virsh shutdown", SOURCE_PREPARED, scene -> scene.virsh(scene.from(), "shutdown")),
    REBOOT("virsh reboot", SOURCE_SAVED, scene -> scene.virsh(scene.from(), "reboot")),

    SNAPSHOT(
            "snapshot-create-as --disk-only",
            SOURCE_ACCEPTED,
            true,
            scene -> scene.virsh(scene.from(), "snapshot-create-as", Action.MARK, "--disk-only", "--atomic")),
    ATTACH("attach-disk --live", SOURCE_ACCEPTED, true, scene -> Action.attach(scene, "--live")),
    ATTACH_CONFIG("attach-disk --config", SOURCE_PREPARED, true, scene -> Action.attach(scene, "--config")),
    DETACH("detach-disk --live", SOURCE_ACCEPTED, true, scene -> Action.detach(scene, "--live")),
    DETACH_CONFIG("detach-disk --config", SOURCE_PREPARED, true, scene -> Action.detach(scene, "--config")),
    DEFINE("define, with another XML", SOURCE_PREPARED, true, Scene::define),
    UNDEFINE("undefine", SOURCE_PREPARED, true, scene -> scene.virsh(scene.from(), "undefine", "--snapshots-metadata")),
    SET_MEMORY("setmem --live", SOURCE_PREPARED, true, scene -> scene.setMemory(scene.from(), Action.LESS_MEMORY_KIB)),
    RESTART_AT_SOURCE("source's libvirtd restarted", SOURCE_HALFWAY, scene -> scene.restartLibvirtd(scene.from())),

    MOVE_AGAIN("moved by a second program", SOURCE_ACCEPTED, true, scene -> scene.moveAgain(scene.to())),
    MOVE_ELSEWHERE(
            "moved by a second program elsewhere", SOURCE_HALFWAY, true, scene -> scene.moveAgain(scene.third())),
    NAMESAKE_COMES("a namesake comes from another host", DESTINATION_OFFERED, true, Scene::moveNamesake),
    NAMESAKE_DEFINED("a namesake is defined at the destination", SOURCE_ACCEPTED, true, Scene::defineNamesake),
    FILES("somebody's files in its directory", SOURCE_OFFERING, Scene::makeFiles),
    RESUME_THERE("virsh resume at the destination", DESTINATION_VERIFIED, scene -> scene.virsh(scene.to(), "resume")),
    CONT_THERE("QMP cont at the destination", SOURCE_SENT, scene -> scene.qmp(scene.to(), "cont")),
    DESTROY_THERE(
            "virsh destroy at the destination", DESTINATION_COMMITTED, scene -> scene.virsh(scene.to(), "destroy")),
    UNDEFINE_THERE("undefine at the destination", SOURCE_COMMITTED, true, scene -> scene.virsh(scene.to(), "undefine")),
    RESTART_AT_DESTINATION(
            "destination's libvirtd restarted", DESTINATION_RUNNING, scene -> scene.restartLibvirtd(scene.to()));

    /** What is found again where something was changed. */
    static final String MARK = "changed-meanwhile";

    static final String LESS_MEMORY_KIB = "102400";
    /** A USB disk comes and goes without the guest's help. */
    static final String EXTRA_DISK = "sdz";

    private final String title;
    private final Moment mostHarmfulAt;
    private final boolean changesGuest;
    private final Function<Scene, String> doing;

    Action(String title, Moment mostHarmfulAt, Function<Scene, String> doing) {
        this(title, mostHarmfulAt, false, doing);
    }

    Action(String title, Moment mostHarmfulAt, boolean changesGuest, Function<Scene, String> doing) {
        this.title = title;
        this.mostHarmfulAt = mostHarmfulAt;
        this.changesGuest = changesGuest;
        this.doing = doing;
    }

    private static String attach(Scene scene, String how) {
        return attach(
                scene.file(scene.from(), "extra"),
                scene.guest().host(),
                scene.guest().name(),
                how);
    }

    static String attach(Path file, LabHost host, String guest, String... how) {
        List<String> words = new ArrayList<>(
                List.of("attach-disk", guest, file.toString(), EXTRA_DISK, "--targetbus", "usb", "--subdriver", "raw"));
        words.addAll(List.of(how));
        return Virsh.at(host, words.toArray(String[]::new));
    }

    private static String detach(Scene scene, String how) {
        return scene.virsh(scene.from(), "detach-disk", EXTRA_DISK, how);
    }

    String title() {
        return title;
    }

    Moment mostHarmfulAt() {
        return mostHarmfulAt;
    }

    /** Whether the guest is not what it was, so that the next scene needs another one. */
    boolean changesGuest() {
        return changesGuest;
    }

    boolean startsPaused() {
        return this == RESUME_PAUSED;
    }

    boolean startsWithExtraDisk() {
        return this == DETACH || this == DETACH_CONFIG;
    }

    /** Whether somebody lets the source's copy run. */
    boolean resumesAtSource() {
        return EnumSet.of(RESUME, CONT, CONT_AND_STOP, RESUME_PAUSED).contains(this);
    }

    /** Whether somebody lets the destination's copy run. */
    boolean resumesThere() {
        return this == RESUME_THERE || this == CONT_THERE;
    }

    /** Whether it is over in a second, and both ends can wait for that. */
    boolean isOrderly() {
        return this == RESTART_AT_SOURCE || this == RESTART_AT_DESTINATION;
    }

    /** Begins to do it. */
    Deed begin(Scene scene) {
        return Deed.begin(() -> doing.apply(scene));
    }

    /**
     * How the guest is to be in the end, where it then is, by what its users have said last.
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

    /** Whether what was changed at that moment is to be found again, or told. */
    boolean isKeptOrTold(Cell cell) {
        return switch (this) {
            // No event of libvirt's shows that a paused guest was told to give memory back.
            case SET_MEMORY -> cell.beforeSave();
            case UNDEFINE_THERE -> true;
            default -> !cell.givenAway();
        };
    }

    /** Whether what was changed shows in the guest, at that host. */
    boolean showsIn(Scene scene, LabHost host) {
        return switch (this) {
            case SNAPSHOT -> scene.virsh(host, "snapshot-list", "--name").contains(MARK);
            case ATTACH -> scene.virsh(host, "dumpxml").contains(EXTRA_DISK);
            case ATTACH_CONFIG -> scene.virsh(host, "dumpxml", "--inactive").contains(EXTRA_DISK);
            case DETACH -> !scene.virsh(host, "dumpxml").contains(EXTRA_DISK);
            case DETACH_CONFIG -> !scene.virsh(host, "dumpxml", "--inactive").contains(EXTRA_DISK);
            case DEFINE -> scene.virsh(host, "dumpxml", "--inactive").contains(MARK);
            case UNDEFINE, UNDEFINE_THERE -> scene.virsh(host, "dominfo").matches("(?s).*Persistent: +no.*");
            case SET_MEMORY -> scene.virsh(host, "dumpxml").contains(">" + LESS_MEMORY_KIB + "</currentMemory>");
            default -> true;
        };
    }
}
