// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.guest;

import io.vmmig.lab.Checkout;
import io.vmmig.lab.Command;
import java.nio.file.Path;
import java.time.Duration;

/** The guests that {@code lab/guest} builds. */
public enum GuestKind {
    /** A busybox on x86_64, ready in seconds. */
    TINY_X86_64("tiny-x86_64", "x86_64", 256),
    /** The same on aarch64. */
    TINY_AARCH64("tiny-aarch64", "aarch64", 256),
    /** A Debian with systemd on x86_64. */
    DEBIAN("debian", "x86_64", 512);

    private static final Duration BUILD_TIME = Duration.ofMinutes(10);

    private final String word;
    private final String architecture;
    private final int memoryMib;

    GuestKind(String word, String architecture, int memoryMib) {
        this.word = word;
        this.architecture = architecture;
        this.memoryMib = memoryMib;
    }

    /** Its files, built now if necessary. They must not be written to. */
    public Image image() {
        return new Image(Path.of(Command.of(Checkout.script("guest"), word).run(BUILD_TIME)), this);
    }

    String architecture() {
        return architecture;
    }

    int memoryMib() {
        return memoryMib;
    }

    /**
     * The files of a guest.
     *
     * @param directory where they are
     * @param kind what they are for
     */
    public record Image(Path directory, GuestKind kind) {
        /** The kernel. */
        public Path kernel() {
            return directory.resolve("kernel");
        }

        /** The initial ramdisk. */
        public Path initrd() {
            return directory.resolve("initrd");
        }

        /** The base image, qcow2. */
        public Path qcow2() {
            return directory.resolve(kind == DEBIAN ? "base.qcow2" : "disk.qcow2");
        }

        /** The same disk as raw bytes; tiny guests only. */
        public Path raw() {
            return directory.resolve("disk.raw");
        }
    }
}
