// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.faults;

import io.vmmig.lab.host.LabHost;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Function;

/** What goes wrong, at one end or between both. */
enum Fault {
    KILL_SOURCE(
            "source's program killed", on(Scene::from, host -> host.trouble().killProgram()), Scene::bringBack),
    RETRY_AT_ONCE(
            "source's program killed, tries again at once",
            on(Scene::from, host -> host.trouble().killProgram()),
            Scene::retry),
    KILL_DESTINATION(
            "destination's program killed", on(Scene::to, host -> host.trouble().killProgram()), Scene::bringBack),
    KILL_LIBVIRTD_AT_SOURCE(
            "source's libvirtd killed",
            on(Scene::from, host -> host.trouble().killLibvirtd()),
            afterASecond(on(Scene::from, host -> host.trouble().restartLibvirtd()))),
    KILL_LIBVIRTD_AT_DESTINATION(
            "destination's libvirtd killed",
            on(Scene::to, host -> host.trouble().killLibvirtd()),
            afterASecond(on(Scene::to, host -> host.trouble().restartLibvirtd()))),
    RESTART_LIBVIRTD_AT_SOURCE(
            "source's libvirtd restarted",
            on(Scene::from, host -> host.trouble().restartLibvirtd()),
            scene -> {}),
    RESTART_LIBVIRTD_AT_DESTINATION(
            "destination's libvirtd restarted",
            on(Scene::to, host -> host.trouble().restartLibvirtd()),
            scene -> {}),
    FREEZE_LIBVIRTD_AT_SOURCE(
            "source's libvirtd answers after each deadline",
            on(Scene::from, host -> host.trouble().freezeLibvirtd()),
            pastTheDeadlines(Scene::from)),
    FREEZE_LIBVIRTD_AT_DESTINATION(
            "destination's libvirtd answers after each deadline",
            on(Scene::to, host -> host.trouble().freezeLibvirtd()),
            pastTheDeadlines(Scene::to)),
    KILL_QEMU_AT_SOURCE("source's QEMU killed", scene -> scene.killQemu(scene.from()), scene -> {}),
    KILL_QEMU_AT_DESTINATION("destination's QEMU killed", scene -> scene.killQemu(scene.to()), scene -> {}),
    CUT_FOR_A_SECOND("link cut for 1 s", scene -> scene.cable().cut(), afterASecond(scene -> scene.cable()
            .mend())),
    CUT_FOR_A_MINUTE("link cut for a minute", scene -> scene.cable().cut(), scene -> {
        scene.pass(scene.limits().longCut());
        scene.cable().mend();
    }),
    CUT_FOR_GOOD("link cut for good", scene -> scene.cable().cut(), scene -> {}),
    STALLED("link stalled", scene -> scene.cable().clog(), scene -> {
        scene.pass(scene.limits().stall());
        scene.cable().mend();
    }),
    DISK_FULL_AT_SOURCE("source's disk full", on(Scene::from, Disks::fill), emptied(Scene::from)),
    DISK_FULL_AT_DESTINATION("destination's disk full", on(Scene::to, Disks::fill), emptied(Scene::to)),
    JOURNAL_UNWRITABLE_AT_SOURCE(
            "source's journal unwritable",
            on(Scene::from, host -> host.trouble().stopWriting()),
            writable(Scene::from)),
    JOURNAL_UNWRITABLE_AT_DESTINATION(
            "destination's journal unwritable",
            on(Scene::to, host -> host.trouble().stopWriting()),
            writable(Scene::to)),
    FREEZE_SOURCE(
            "source's program frozen", on(Scene::from, host -> host.trouble().freezeProgram()), thawed(Scene::from)),
    FREEZE_DESTINATION(
            "destination's program frozen", on(Scene::to, host -> host.trouble().freezeProgram()), thawed(Scene::to)),
    POWER_OFF_SOURCE(
            "source's power off", on(Scene::from, host -> host.trouble().powerOff()), poweredOn(Scene::from)),
    POWER_OFF_DESTINATION(
            "destination's power off", on(Scene::to, host -> host.trouble().powerOff()), poweredOn(Scene::to)),
    CLOCK_OF_SOURCE_AHEAD("source's clock an hour ahead", scene -> scene.advanceClock(scene.from()), scene -> {}),
    CLOCK_OF_DESTINATION_AHEAD(
            "destination's clock an hour ahead", scene -> scene.advanceClock(scene.to()), scene -> {});

    private static final Duration A_SECOND = Duration.ofSeconds(1);

    private final String title;
    private final Consumer<Scene> strike;
    private final Consumer<Scene> remedy;

    Fault(String title, Consumer<Scene> strike, Consumer<Scene> remedy) {
        this.title = title;
        this.strike = strike;
        this.remedy = remedy;
    }

    private static Consumer<Scene> on(Function<Scene, LabHost> side, Consumer<LabHost> what) {
        return scene -> what.accept(side.apply(scene));
    }

    private static Consumer<Scene> afterASecond(Consumer<Scene> what) {
        return scene -> {
            scene.pass(A_SECOND);
            what.accept(scene);
        };
    }

    private static Consumer<Scene> pastTheDeadlines(Function<Scene, LabHost> side) {
        return scene -> {
            scene.pass(Limits.LIBVIRT_FREEZE);
            side.apply(scene).trouble().thawLibvirtd();
        };
    }

    private static Consumer<Scene> thawed(Function<Scene, LabHost> side) {
        return scene -> {
            scene.pass(scene.limits().freeze());
            side.apply(scene).trouble().thawProgram();
        };
    }

    private static Consumer<Scene> emptied(Function<Scene, LabHost> side) {
        return scene -> {
            scene.awaitBothEnds();
            Disks.free(side.apply(scene));
        };
    }

    private static Consumer<Scene> writable(Function<Scene, LabHost> side) {
        return scene -> {
            scene.awaitBothEnds();
            side.apply(scene).trouble().letWrite();
        };
    }

    private static Consumer<Scene> poweredOn(Function<Scene, LabHost> side) {
        return scene -> {
            side.apply(scene).trouble().powerOn();
            scene.bringBack();
        };
    }

    String title() {
        return title;
    }

    /** Makes it happen, while one end waits at a {@link io.vmmig.lab.host.Moment}. */
    void strike(Scene scene) {
        strike.accept(scene);
    }

    /** Ends it, in its time; both ends have gone on meanwhile. */
    void end(Scene scene) {
        remedy.accept(scene);
    }
}
