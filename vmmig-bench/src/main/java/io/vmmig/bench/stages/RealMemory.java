// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stages;

import io.vmmig.VmmigException;
import io.vmmig.bundle.PackageLimits;
import io.vmmig.bundle.PackageReader;
import io.vmmig.lab.guest.GuestKind;
import io.vmmig.lab.guest.LabDisk;
import io.vmmig.lab.guest.LabDomain;
import io.vmmig.lab.host.Lab;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;

/** The QEMU stream of a real guest, as a file: a Debian that has read files, so that its memory is full of all sorts. */
final class RealMemory {
    private static final Duration TICK_TIME = Duration.ofMinutes(1);
    private static final String GUEST = "stages";

    private RealMemory() {}

    /** The file, which is kept in {@code directory} for the next time. */
    static Path in(Path directory) throws IOException, VmmigException {
        GuestKind.Image debian = GuestKind.DEBIAN.image();
        Path file = directory.resolve("memory-of-" + debian.directory().getFileName());
        if (!Files.exists(file)) {
            Path part = file.resolveSibling(file.getFileName() + ".part");
            try (Lab lab = Lab.open()) {
                unpack(save(lab, debian), part);
            }
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
        }
        return file;
    }

    private static Path save(Lab lab, GuestKind.Image debian) {
        LabHost host = lab.embedded("a");
        LabDisk disk = LabDisk.overlay(host.homeOf(GUEST).resolve("disk.qcow2"), debian.qcow2(), "qcow2");
        LabGuest guest = host.start(LabDomain.of(debian, GUEST).disk(disk)).ready();
        guest.console().awaitTicks(20, TICK_TIME);
        guest.run("find /usr/bin /usr/lib -type f -print0 | xargs -0 cat 2>/dev/null | head -c 100000000 >/dev/null");
        Path file = lab.directory().resolve("guest.vmmig");
        host.save(GUEST, file, false, event -> {}).await();
        return file;
    }

    private static void unpack(Path file, Path stream) throws IOException, VmmigException {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file));
                PackageReader reader = PackageReader.from(in, PackageLimits.DEFAULT)) {
            for (PackageReader.Entry entry = reader.next(); entry != null; entry = reader.next()) {
                try (OutputStream out = entry instanceof PackageReader.Entry.Snapshot
                        ? Files.newOutputStream(stream)
                        : OutputStream.nullOutputStream()) {
                    content(entry).transferTo(out);
                }
            }
            reader.verify();
        }
    }

    private static InputStream content(PackageReader.Entry entry) {
        if (entry instanceof PackageReader.Entry.Snapshot snapshot) {
            return snapshot.stream();
        } else if (entry instanceof PackageReader.Entry.DiskLayer layer) {
            return layer.stream();
        } else if (entry instanceof PackageReader.Entry.Kernel kernel) {
            return kernel.stream();
        } else if (entry instanceof PackageReader.Entry.Ramdisk ramdisk) {
            return ramdisk.stream();
        }
        return InputStream.nullInputStream();
    }
}
