// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.size;

import com.google.gson.JsonObject;
import io.vmmig.bench.Load;
import io.vmmig.bench.Stopwatch;
import io.vmmig.lab.LabException;
import io.vmmig.lab.guest.GuestKind;
import io.vmmig.lab.guest.LabDisk;
import io.vmmig.lab.guest.LabDomain;
import io.vmmig.lab.host.Lab;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.Move;
import io.vmmig.lab.host.ReceiveOptions;
import io.vmmig.lab.host.Receiving;
import io.vmmig.lab.host.SendProfile;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The hosts on which guests are measured: warm, and with a libvirtd, so that virsh reaches the same guests. */
final class MeasuredHosts {
    private static final int ROUND_TRIPS = 3;
    /** A lab guest fills memory to show that none is lost; an idle Debian does not. */
    private static final String LITTLE_MEMORY = "vmmig.memory=1";

    private static final String WARM_UP = "warm-up";
    private static final String GUEST = "measured";

    private final Lab lab;
    private final Path scratch;
    private final GuestKind.Image debian = GuestKind.DEBIAN.image();
    private final LabHost a;
    private @Nullable LabHost b;

    /** @param warmUps how many packages are written before the first that counts */
    MeasuredHosts(Lab lab, int warmUps) {
        this.lab = lab;
        this.scratch = lab.directory().resolve("scratch");
        try {
            Files.createDirectories(scratch);
        } catch (IOException e) {
            throw new LabException("could not make " + scratch, e);
        }
        this.a = host("a");
        LabGuest guest = start(a, WARM_UP);
        for (int i = 0; i < warmUps; i++) {
            Sent.toFile(guest, i % 2 == 0 ? SendProfile.DEFAULT : SendProfile.PROTECTED, scratch);
        }
        a.remove(WARM_UP);
    }

    /** A host that holds everything that many guests share. */
    private LabHost host(String name) {
        LabHost host = lab.libvirtd(name);
        host.addImage(debian.qcow2(), "qcow2");
        host.addBootFiles(debian);
        return host;
    }

    private LabGuest start(LabHost host, String name) {
        LabDisk disk = LabDisk.overlay(host.homeOf(name).resolve("disk.qcow2"), debian.qcow2(), "qcow2");
        return host.start(LabDomain.of(debian, name).parameter(LITTLE_MEMORY).disk(disk))
                .ready();
    }

    String versions() {
        return a.versions();
    }

    /** To another host, ten seconds there, and back; then the old method from there. */
    Round wayBack() {
        LabHost b = other();
        LabGuest guest = start(a, GUEST);
        try {
            Load.IDLE.on(guest);
            LabGuest there = move(guest, b).guest();
            Load.rest(there);
            Moved back = move(there, a);
            return new Round(OldWay.of(back.guest(), scratch), Map.of(SendProfile.DEFAULT, back.sent()));
        } finally {
            a.remove(GUEST);
            b.remove(GUEST);
        }
    }

    private record Moved(LabGuest guest, Sent sent) {}

    private static Moved move(LabGuest guest, LabHost to) {
        LabHost from = guest.host();
        Receiving receiving = to.receive(from.fingerprint(), ReceiveOptions.defaults());
        Stopwatch watch = new Stopwatch();
        Move sending = from.migrate(guest.name(), receiving);
        JsonObject sent = sending.await();
        long millis = watch.millis();
        JsonObject received = receiving.move().await();
        return new Moved(receiving.guest(guest.name()).ticking(), Sent.toHost(millis, sent, received));
    }

    private LabHost other() {
        if (b == null) {
            b = host("b");
            LabGuest guest = start(a, WARM_UP);
            for (int i = 0; i < ROUND_TRIPS; i++) {
                guest = move(move(guest, b).guest(), a).guest();
            }
            a.remove(WARM_UP);
        }
        return b;
    }

    private OldWay old(LabGuest guest) {
        cacheBaseImage();
        return OldWay.of(guest, scratch);
    }

    private Sent sent(LabGuest guest, SendProfile profile) {
        cacheBaseImage();
        return Sent.toFile(guest, profile, scratch);
    }

    /** QEMU drops the file from the page cache when a saved guest is restored; after a boot it is there. */
    private void cacheBaseImage() {
        try (InputStream in = Files.newInputStream(debian.qcow2())) {
            in.transferTo(OutputStream.nullOutputStream());
        } catch (IOException e) {
            throw new LabException("could not read " + debian.qcow2(), e);
        }
    }

    /** Each method once, on a freshly booted guest; the first method changes from round to round. */
    Round round(Scenario scenario, int number) {
        LabGuest guest = start(a, GUEST);
        try {
            scenario.load().on(guest);
            Map<SendProfile, Sent> sent = new EnumMap<>(SendProfile.class);
            List<SendProfile> profiles = new ArrayList<>(SendProfile.ofPacking());
            profiles.retainAll(scenario.profiles());
            Collections.rotate(profiles, number);
            if (number % 2 == 1) {
                OldWay old = old(guest);
                profiles.forEach(profile -> sent.put(profile, sent(guest, profile)));
                return new Round(old, sent);
            }
            profiles.forEach(profile -> sent.put(profile, sent(guest, profile)));
            return new Round(old(guest), sent);
        } finally {
            a.remove(GUEST);
        }
    }
}
