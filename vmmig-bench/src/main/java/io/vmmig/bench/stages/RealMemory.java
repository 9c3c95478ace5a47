// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stages;

import io.vmmig.lab.guest.GuestKind;
import io.vmmig.lab.guest.LabDisk;
import io.vmmig.lab.guest.LabDomain;
import io.vmmig.lab.host.Lab;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.SaveImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;

/** The QEMU stream of a real guest, as a file: a Debian that has read files, so that its memory has varied content. */
public final class RealMemory {
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final String GUEST = "stages";

    private RealMemory() {}

    /** The file; it stays in {@code directory} for the next run. */
    public static Path in(Path directory, GuestKind.Image debian) throws IOException {
        Path file = directory.resolve("memory-of-" + debian.directory().getFileName());
        if (!Files.exists(file)) {
            Path part = file.resolveSibling(file.getFileName() + ".part");
            try (Lab lab = Lab.open()) {
                try (InputStream stream = save(lab, debian).stream()) {
                    Files.copy(stream, part, StandardCopyOption.REPLACE_EXISTING);
                }
            }
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
        }
        return file;
    }

    private static SaveImage save(Lab lab, GuestKind.Image debian) {
        LabHost host = lab.libvirtd("a");
        LabDisk disk = LabDisk.overlay(host.homeOf(GUEST).resolve("disk.qcow2"), debian.qcow2(), "qcow2");
        LabGuest guest = host.start(LabDomain.of(debian, GUEST).disk(disk)).ready();
        guest.console().awaitTicks(20, PATIENCE);
        guest.run("find /usr/bin /usr/lib -type f -print0 | xargs -0 cat 2>/dev/null | head -c 100000000 >/dev/null");
        return SaveImage.of(guest, lab.directory().resolve("save-image"));
    }
}
