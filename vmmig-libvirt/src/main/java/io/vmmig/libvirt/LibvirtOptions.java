// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import java.nio.file.Path;
import java.time.Duration;

/**
 * Settings of a {@link LibvirtHypervisor}. Immutable; start from {@link #defaults()}.
 *
 * @param callDeadline how long an ordinary call of libvirt may take, such as suspending a guest or reading its XML
 * @param saveStall how long QEMU may write nothing while a guest's memory is read
 * @param restoreStall how long a restore may read no bytes; this includes the start of QEMU, before which a libvirt with a cold
 *     cache probes every emulator, and the time from the last byte until the guest is restored
 * @param workDirectory where FIFOs are created, each in a directory that only this user can enter; a libvirt daemon must see it
 *     under the same path
 */
public record LibvirtOptions(Duration callDeadline, Duration saveStall, Duration restoreStall, Path workDirectory) {
    public LibvirtOptions {
        requirePositive(callDeadline, "callDeadline");
        requirePositive(saveStall, "saveStall");
        requirePositive(restoreStall, "restoreStall");
        workDirectory = workDirectory.toAbsolutePath();
    }

    /** A minute for calls and for a stalled save, two minutes for a restore, the JVM's directory for temporary files. */
    public static LibvirtOptions defaults() {
        return new LibvirtOptions(
                Duration.ofMinutes(1),
                Duration.ofMinutes(1),
                Duration.ofMinutes(2),
                Path.of(System.getProperty("java.io.tmpdir", "/tmp")));
    }

    /** These options with another {@link #callDeadline()}. */
    public LibvirtOptions withCallDeadline(Duration deadline) {
        return new LibvirtOptions(deadline, saveStall, restoreStall, workDirectory);
    }

    /** These options with another {@link #saveStall()}. */
    public LibvirtOptions withSaveStall(Duration stall) {
        return new LibvirtOptions(callDeadline, stall, restoreStall, workDirectory);
    }

    /** These options with another {@link #restoreStall()}. */
    public LibvirtOptions withRestoreStall(Duration stall) {
        return new LibvirtOptions(callDeadline, saveStall, stall, workDirectory);
    }

    /** These options with another {@link #workDirectory()}. */
    public LibvirtOptions withWorkDirectory(Path directory) {
        return new LibvirtOptions(callDeadline, saveStall, restoreStall, directory);
    }

    private static void requirePositive(Duration duration, String name) {
        if (duration.isNegative() || duration.isZero()) {
            throw new IllegalArgumentException(name + " must be positive");
        }
    }
}
