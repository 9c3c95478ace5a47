// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import io.vmmig.lab.Await;
import io.vmmig.lab.LabException;
import io.vmmig.lab.guest.GuestKind;
import io.vmmig.lab.guest.LabDisk;
import io.vmmig.lab.guest.LabDomain;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.Virsh;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A guest that was booted, loaded and saved once, so that every move starts from the same state.
 *
 * @param subject what it is
 * @param saved the saved guest
 * @param saveImageBytes the size of its save image
 * @param diskBytes the size of its overlay
 * @param streamMillis how long its QEMU takes to write its stream to nowhere
 * @param copyMillis how long this machine takes to copy as much memory as the save image has
 */
record Prepared(
        Subject subject, Saved saved, long saveImageBytes, long diskBytes, double streamMillis, double copyMillis) {
    private static final Duration SOON = Duration.ofSeconds(20);
    static final String GUEST = "measured";
    /** More than any machine can do. */
    private static final String MIB_PER_SECOND = "1000000";

    private static final String PIECE_BYTES = "1048576";
    private static final String COMPLETED = "Migration status: completed";
    private static final Pattern TOTAL_TIME = Pattern.compile("total time: ([1-9]\\d*) ms");

    /** Boots such a guest and loads it. */
    static Prepared of(Subject subject, Ground ground) {
        LabGuest guest = boot(subject, ground);
        subject.load().on(guest);
        return putAside(subject, guest, ground);
    }

    /** Adds the load that this guest lacks. */
    Prepared become(Subject other, Ground ground) {
        LabGuest guest = wake(ground);
        other.load().add(guest);
        return putAside(other, guest, ground);
    }

    private static LabGuest boot(Subject subject, Ground ground) {
        LabHost a = ground.a();
        GuestKind.Image image = ground.image(subject.kind());
        LabDisk disk = LabDisk.overlay(Saved.diskAt(a, GUEST), image.qcow2(), "qcow2");
        return a.start(LabDomain.of(image, GUEST)
                        .memoryMib(subject.memoryMib())
                        .disk(disk)
                        .parameter(subject.parameters()))
                .ready();
    }

    private static Prepared putAside(Subject subject, LabGuest guest, Ground ground) {
        ground.saveFormat("raw");
        Saved left = Saved.of(guest, ground.emptyDirectory("prepared-" + subject.word()));
        Prepared prepared = keep(subject, left);
        ground.clear(GUEST);
        return prepared.streamed(ground);
    }

    private static Prepared keep(Subject subject, Saved left) {
        Path disk = left.image().resolveSibling("disk.qcow2");
        try {
            Files.move(left.disk(), disk, StandardCopyOption.REPLACE_EXISTING);
            return new Prepared(
                    subject,
                    new Saved(left.name(), left.home(), left.image(), disk),
                    Files.size(left.image()),
                    Files.size(disk),
                    0,
                    Files.size(left.image()) / MemoryCopy.bytesPerMilli());
        } catch (IOException e) {
            throw new LabException("could not put " + subject.title() + " aside", e);
        }
    }

    /** Makes QEMU write its stream to nowhere: no method that stops the guest and reads its memory can be faster. */
    private Prepared streamed(Ground ground) {
        LabGuest guest = wake(ground);
        Virsh.at(guest.host(), "suspend", GUEST);
        Path socket = ground.emptyDirectory("nobody").resolve("socket");
        Process nobody = readAll(socket);
        try {
            Await.until("somebody to listen at " + socket, SOON, () -> Files.exists(socket));
            // The default is 128 MiB/s.
            monitor(guest, "migrate_set_parameter max-bandwidth " + MIB_PER_SECOND);
            monitor(guest, "migrate unix:" + socket);
            // Through libvirt the command returns at once; and QEMU reports the end a moment before it reports the
            // time.
            long millis = Await.answer("QEMU to write its stream", SOON, () -> written(monitor(guest, "info migrate")));
            return new Prepared(subject, saved, saveImageBytes, diskBytes, millis, copyMillis);
        } finally {
            nobody.destroyForcibly();
            ground.clear(GUEST);
        }
    }

    /** A description in one sentence. */
    String described() {
        return String.format(
                "Save image %s, overlay %s; QEMU alone writes its stream in %s, and copying as much memory takes %s.",
                Measure.WIRE.told(saveImageBytes),
                Measure.WIRE.told(diskBytes),
                Measure.TOTAL.told(streamMillis),
                Measure.TOTAL.told(copyMillis));
    }

    private static Optional<Long> written(String info) {
        Matcher time = TOTAL_TIME.matcher(info);
        return info.contains(COMPLETED) && time.find() ? Optional.of(Long.valueOf(time.group(1))) : Optional.empty();
    }

    private static String monitor(LabGuest guest, String command) {
        return Virsh.at(guest.host(), "qemu-monitor-command", "--hmp", GUEST, command);
    }

    private static Process readAll(Path socket) {
        try {
            return new ProcessBuilder("socat", "-b", PIECE_BYTES, "-u", "UNIX-LISTEN:" + socket, "OPEN:/dev/null")
                    .start();
        } catch (IOException e) {
            throw new LabException("could not start socat", e);
        }
    }

    /** The guest, running at the first host. */
    LabGuest wake(Ground ground) {
        ground.clear(GUEST);
        return saved.copyTo(ground.a()).ticking();
    }
}
