// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stages;

import io.vmmig.error.VmmigException;
import io.vmmig.lab.Command;
import io.vmmig.lab.guest.GuestKind;
import io.vmmig.qcow2.Qcow2Image;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;

/** A qcow2 image with the content of a real guest's disk, small enough to be read completely each time. */
final class DiskSample {
    /** Its virtual size, in MiB. */
    static final int MIB = 64;
    /** Names the file. */
    static final String PROPERTY = "vmmig.bench.disk";

    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final int PIECE = 1 << 20;

    private DiskSample() {}

    /** The file; it stays in {@code directory} for the next run. */
    static Path in(Path directory, GuestKind.Image debian) throws IOException, VmmigException {
        Path file = directory.resolve("disk-of-" + debian.directory().getFileName());
        if (!Files.exists(file)) {
            Path raw = file.resolveSibling(file.getFileName() + ".raw");
            Path part = file.resolveSibling(file.getFileName() + ".part");
            copyData(debian.qcow2(), raw);
            // Without holes, so that its size does not depend on its content.
            Command.of("qemu-img", "convert", "-S", "0", "-f", "raw", "-O", "qcow2", raw.toString(), part.toString())
                    .run(PATIENCE);
            Files.delete(raw);
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
        }
        return file;
    }

    private static void copyData(Path image, Path raw) throws IOException, VmmigException {
        byte[] piece = new byte[PIECE];
        try (Qcow2Image in = Qcow2Image.open(image);
                OutputStream out = Files.newOutputStream(raw)) {
            long position = 0;
            for (int i = 0; i < MIB; i++) {
                position = in.nextData(position);
                in.read(position, piece, 0, PIECE);
                out.write(piece);
                position += PIECE;
            }
        }
    }
}
