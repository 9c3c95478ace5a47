// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.guest;

import io.vmmig.lab.Command;
import io.vmmig.lab.LabException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A disk of a lab guest.
 *
 * @param file the image that the guest writes to
 * @param format its format, {@code raw} or {@code qcow2}
 */
public record LabDisk(Path file, String format) {
    private static final Duration QEMU_IMG_TIME = Duration.ofSeconds(60);

    /** An overlay at {@code file}, over a base image. */
    public static LabDisk overlay(Path file, Path base, String baseFormat) {
        makeParent(file);
        Command.of("qemu-img", "create", "-q", "-f", "qcow2", "-F", baseFormat, "-b", base.toString(), file.toString())
                .run(QEMU_IMG_TIME);
        return new LabDisk(file, "qcow2");
    }

    /** An overlay at {@code file}, over this disk. */
    public LabDisk overlaid(Path file) {
        return overlay(file, this.file, format);
    }

    /** A raw disk at {@code file} that stands alone. */
    public static LabDisk raw(Path file, Path content) {
        makeParent(file);
        Command.of("cp", "--sparse=always", "--no-preserve=mode", content.toString(), file.toString())
                .run(QEMU_IMG_TIME);
        return new LabDisk(file, "raw");
    }

    private static void makeParent(Path file) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
        } catch (IOException e) {
            throw new LabException("could not make the directory of " + file, e);
        }
    }
}
