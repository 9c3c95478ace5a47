// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.faults;

import io.vmmig.lab.host.LabHost;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Function;

/** What goes wrong, at one end or between the two. */
enum Fault {
    KILL_SOURCE(
            "source's program killed", on(FaultRun::from, host -> host.trouble().killProgram()), FaultRun::bringBack),
    RETRY_AT_ONCE(
            "source's program killed, retries at once",
            on(FaultRun::from, host -> host.trouble().killProgram()),
            FaultRun::retry),
    KILL_DESTINATION(
            "destination's program killed",
            on(FaultRun::to, host -> host.trouble().killProgram()),
            FaultRun::bringBack),
    KILL_LIBVIRTD_AT_SOURCE(
            "source's libvirtd killed",
            on(FaultRun::from, host -> host.trouble().killLibvirtd()),
            afterASecond(on(FaultRun::from, host -> host.trouble().restartLibvirtd()))),
    KILL_LIBVIRTD_AT_DESTINATION(
            "destination's libvirtd killed",
            on(FaultRun::to, host -> host.trouble().killLibvirtd()),
            afterASecond(on(FaultRun::to, host -> host.trouble().restartLibvirtd()))),
    RESTART_LIBVIRTD_AT_SOURCE(
            "source's libvirtd restarted",
            on(FaultRun::from, host -> host.trouble().restartLibvirtd()),
            run -> {}),
    RESTART_LIBVIRTD_AT_DESTINATION(
            "destination's libvirtd restarted",
            on(FaultRun::to, host -> host.trouble().restartLibvirtd()),
            run -> {}),
    FREEZE_LIBVIRTD_AT_SOURCE(
            "source's libvirtd answers after each deadline",
            on(FaultRun::from, host -> host.trouble().freezeLibvirtd()),
            pastTheDeadlines(FaultRun::from)),
    FREEZE_LIBVIRTD_AT_DESTINATION(
            "destination's libvirtd answers after each deadline",
            on(FaultRun::to, host -> host.trouble().freezeLibvirtd()),
            pastTheDeadlines(FaultRun::to)),
    KILL_QEMU_AT_SOURCE("source's QEMU killed", run -> run.killQemu(run.from()), run -> {}),
    KILL_QEMU_AT_DESTINATION("destination's QEMU killed", run -> run.killQemu(run.to()), run -> {}),
    CUT_FOR_A_SECOND("link cut for 1 s", run -> run.proxy().cut(), afterASecond(run -> run.proxy()
            .mend())),
    CUT_FOR_A_MINUTE("link cut for a minute", run -> run.proxy().cut(), run -> {
        run.pass(run.limits().longCut());
        run.proxy().mend();
    }),
    CUT_FOR_GOOD("link cut for good", run -> run.proxy().cut(), run -> {}),
    STALLED("link stalled", run -> run.proxy().clog(), run -> {
        run.pass(run.limits().stall());
        run.proxy().mend();
    }),
    DISK_FULL_AT_SOURCE("source's disk full", on(FaultRun::from, Disks::fill), emptied(FaultRun::from)),
    DISK_FULL_AT_DESTINATION("destination's disk full", on(FaultRun::to, Disks::fill), emptied(FaultRun::to)),
    JOURNAL_UNWRITABLE_AT_SOURCE(
            "source's journal unwritable",
            on(FaultRun::from, host -> host.trouble().stopWriting()),
            writable(FaultRun::from)),
    JOURNAL_UNWRITABLE_AT_DESTINATION(
            "destination's journal unwritable",
            on(FaultRun::to, host -> host.trouble().stopWriting()),
            writable(FaultRun::to)),
    FREEZE_SOURCE(
            "source's program frozen",
            on(FaultRun::from, host -> host.trouble().freezeProgram()),
            thawed(FaultRun::from)),
    FREEZE_DESTINATION(
            "destination's program frozen",
            on(FaultRun::to, host -> host.trouble().freezeProgram()),
            thawed(FaultRun::to)),
    POWER_OFF_SOURCE(
            "source's power off", on(FaultRun::from, host -> host.trouble().powerOff()), poweredOn(FaultRun::from)),
    POWER_OFF_DESTINATION(
            "destination's power off", on(FaultRun::to, host -> host.trouble().powerOff()), poweredOn(FaultRun::to)),
    CLOCK_OF_SOURCE_AHEAD("source's clock an hour ahead", run -> run.advanceClock(run.from()), run -> {}),
    CLOCK_OF_DESTINATION_AHEAD("destination's clock an hour ahead", run -> run.advanceClock(run.to()), run -> {});

    private static final Duration A_SECOND = Duration.ofSeconds(1);

    private final String title;
    private final Consumer<FaultRun> strike;
    private final Consumer<FaultRun> remedy;

    Fault(String title, Consumer<FaultRun> strike, Consumer<FaultRun> remedy) {
        this.title = title;
        this.strike = strike;
        this.remedy = remedy;
    }

    private static Consumer<FaultRun> on(Function<FaultRun, LabHost> side, Consumer<LabHost> what) {
        return run -> what.accept(side.apply(run));
    }

    private static Consumer<FaultRun> afterASecond(Consumer<FaultRun> what) {
        return run -> {
            run.pass(A_SECOND);
            what.accept(run);
        };
    }

    private static Consumer<FaultRun> pastTheDeadlines(Function<FaultRun, LabHost> side) {
        return run -> {
            run.pass(Limits.LIBVIRT_FREEZE);
            side.apply(run).trouble().thawLibvirtd();
        };
    }

    private static Consumer<FaultRun> thawed(Function<FaultRun, LabHost> side) {
        return run -> {
            run.pass(run.limits().freeze());
            side.apply(run).trouble().thawProgram();
        };
    }

    private static Consumer<FaultRun> emptied(Function<FaultRun, LabHost> side) {
        return run -> {
            run.awaitBothEnds();
            Disks.free(side.apply(run));
        };
    }

    private static Consumer<FaultRun> writable(Function<FaultRun, LabHost> side) {
        return run -> {
            run.awaitBothEnds();
            side.apply(run).trouble().letWrite();
        };
    }

    private static Consumer<FaultRun> poweredOn(Function<FaultRun, LabHost> side) {
        return run -> {
            side.apply(run).trouble().powerOn();
            run.bringBack();
        };
    }

    String title() {
        return title;
    }

    /** Makes it happen, while one end waits at a {@link io.vmmig.lab.host.InjectionPoint}. */
    void strike(FaultRun run) {
        strike.accept(run);
    }

    /** Ends it after its time; both ends have continued meanwhile. */
    void end(FaultRun run) {
        remedy.accept(run);
    }
}
