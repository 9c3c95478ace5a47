// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import io.vmmig.bench.Stopwatch;
import io.vmmig.lab.LabException;
import io.vmmig.lab.guest.Console;
import io.vmmig.lab.guest.LabDisk;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.Virsh;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * libvirt's own migration with {@code --copy-storage-inc}. Unless it is live, the guest is suspended first, since under emulation
 * QEMU's pre-copy damages the memory of a running guest before version 9.
 *
 * @param live whether the guest runs meanwhile, until it is suspended because it changes too fast
 */
record ByLibvirt(boolean live) implements MigrationMethod {
    private static final List<String> RUNNING = List.of("--live", "--timeout", "120", "--timeout-suspend");

    @Override
    public String word() {
        return live ? "libvirt-live" : "libvirt";
    }

    @Override
    public String title() {
        return "virsh migrate --copy-storage-inc, " + (live ? "live for 120 s at most" : "suspended");
    }

    @Override
    public Kind kind() {
        return live ? Kind.LIVE : Kind.STOP_AND_COPY;
    }

    @Override
    public Moved move(LabGuest guest, Subject subject, LabHost to, Ground ground) {
        LabHost from = guest.host();
        Path there = to.homeOf(guest.name());
        Path base = ground.image(subject.kind()).qcow2();
        Path xml = ground.emptyDirectory("leaving").resolve("edited.xml");
        Stopwatch watch = new Stopwatch();
        LabDisk.overlay(Saved.diskAt(to, guest.name()), base, "qcow2");
        try {
            Files.writeString(
                    xml,
                    Virsh.at(from, "dumpxml", "--migratable", guest.name())
                            .replace(from.homeOf(guest.name()).toString(), there.toString()));
        } catch (IOException e) {
            throw new LabException("could not write " + xml, e);
        }
        Console console = Console.from(there.resolve("console"));
        if (!live) {
            Virsh.at(from, "suspend", guest.name());
        }
        long saved = watch.millis();
        List<String> migrate = new ArrayList<>(List.of(
                "migrate",
                guest.name(),
                "qemu+tcp://" + to.address() + "/system",
                "--p2p",
                "--copy-storage-inc",
                "--migrateuri",
                "tcp://" + to.address(),
                "--xml",
                xml.toString()));
        if (live) {
            migrate.addAll(RUNNING);
        }
        Virsh.at(from, migrate.toArray(String[]::new));
        long transferred = watch.millis();
        // One that ran is only suspended there if it had to be suspended here.
        if (!to.stateOf(guest.name()).equals("RUNNING")) {
            Virsh.at(to, "resume", guest.name());
        }
        long restored = watch.millis();
        return new Moved(
                new LabGuest(to, guest.name(), console, there.resolve("channel")),
                saved,
                transferred - saved,
                restored - transferred,
                0,
                Map.of());
    }
}
