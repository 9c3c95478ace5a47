// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;

/**
 * How a {@link LibvirtHypervisor} goes about its work. Immutable; start from {@link #defaults()}.
 *
 * @param callDeadline how long an ordinary call of libvirt may take, such as suspending a guest or reading its XML
 * @param saveStall how long QEMU may write nothing to someone who reads a guest's memory
 * @param restoreStall how long a restore may take without taking any bytes; this includes the start of QEMU, before which a
 *     libvirt with a cold cache tries out every emulator, and the time from the last byte until the guest is there
 * @param saveMethod how memory is taken
 * @param workDirectory where FIFOs, and the images of {@link SaveMethod#SAVE_IMAGE}, are made, each in a directory of its
 *     own that only this user can enter; the libvirt daemon, if there is one, must see it under the same path
 */
public record LibvirtOptions(
        Duration callDeadline, Duration saveStall, Duration restoreStall, SaveMethod saveMethod, Path workDirectory) {
    public LibvirtOptions {
        requirePositive(callDeadline, "callDeadline");
        requirePositive(saveStall, "saveStall");
        requirePositive(restoreStall, "restoreStall");
        Objects.requireNonNull(saveMethod, "saveMethod");
        workDirectory = workDirectory.toAbsolutePath();
    }

    /** How a guest's memory is taken. */
    public enum SaveMethod {
        /** {@link #SNAPSHOT}, and {@link #SAVE_IMAGE} where libvirt does not support that. */
        AUTOMATIC,
        /** An external memory snapshot, streamed: the guest stays there, paused, and can go on at once. */
        SNAPSHOT,
        /**
         * libvirt's classic save, which ends the guest. The image is a file, streamed as it grows and kept until the guest
         * is retired, because the guest can only go on by being restored from it.
         */
        SAVE_IMAGE
    }

    /** A minute for calls and for a stalled save, two minutes for a restore, the JVM's directory for temporary files. */
    public static LibvirtOptions defaults() {
        return new LibvirtOptions(
                Duration.ofMinutes(1),
                Duration.ofMinutes(1),
                Duration.ofMinutes(2),
                SaveMethod.AUTOMATIC,
                Path.of(System.getProperty("java.io.tmpdir", "/tmp")));
    }

    /** These options with another {@link #callDeadline()}. */
    public LibvirtOptions withCallDeadline(Duration deadline) {
        return new LibvirtOptions(deadline, saveStall, restoreStall, saveMethod, workDirectory);
    }

    /** These options with another {@link #saveStall()}. */
    public LibvirtOptions withSaveStall(Duration stall) {
        return new LibvirtOptions(callDeadline, stall, restoreStall, saveMethod, workDirectory);
    }

    /** These options with another {@link #restoreStall()}. */
    public LibvirtOptions withRestoreStall(Duration stall) {
        return new LibvirtOptions(callDeadline, saveStall, stall, saveMethod, workDirectory);
    }

    /** These options with another {@link #saveMethod()}. */
    public LibvirtOptions withSaveMethod(SaveMethod method) {
        return new LibvirtOptions(callDeadline, saveStall, restoreStall, method, workDirectory);
    }

    /** These options with another {@link #workDirectory()}. */
    public LibvirtOptions withWorkDirectory(Path directory) {
        return new LibvirtOptions(callDeadline, saveStall, restoreStall, saveMethod, directory);
    }

    private static void requirePositive(Duration duration, String name) {
        if (duration.isNegative() || duration.isZero()) {
            throw new IllegalArgumentException(name + " must be positive");
        }
    }
}
