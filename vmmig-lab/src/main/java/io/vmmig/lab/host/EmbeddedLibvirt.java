// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import io.vmmig.lab.Await;
import io.vmmig.lab.Checkout;
import io.vmmig.lab.Command;
import io.vmmig.lab.Trees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * libvirt's embedded driver, which runs in the agent's JVM.
 *
 * @param root the driver's own directory
 */
record EmbeddedLibvirt(Path root) implements LibvirtKind {
    private static final Duration PROBE_TIME = Duration.ofMinutes(2);
    private static final Duration DEATH_TIME = Duration.ofSeconds(60);

    /** Prepares a root directory with a copy of libvirt's capability cache, since probing QEMU takes seconds. */
    static EmbeddedLibvirt in(Path root) {
        Path known = Path.of(Command.of(Checkout.script("capabilities")).run(PROBE_TIME));
        Trees.copyFlat(known, root.resolve("cache/qemu/capabilities"));
        return new EmbeddedLibvirt(root);
    }

    @Override
    public String uri() {
        return "qemu:///embed?root=" + root;
    }

    /** Kills the processes that the agent may have left. */
    @Override
    public void close() {
        for (Path file : Trees.files(root.resolve("run"))) {
            if (file.getFileName().toString().endsWith(".pid")) {
                processOf(file).ifPresent(EmbeddedLibvirt::kill);
            }
        }
        Trees.delete(root);
    }

    private Optional<ProcessHandle> processOf(Path pidFile) {
        try {
            return ProcessHandle.of(Long.parseLong(Files.readString(pidFile).strip()))
                    .filter(this::belongsHere);
        } catch (IOException | NumberFormatException e) {
            return Optional.empty();
        }
    }

    /** The process id may have been reused. */
    private boolean belongsHere(ProcessHandle process) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(process.pid()), "cmdline"))
                    .contains(root.toString());
        } catch (IOException e) {
            return false;
        }
    }

    private static void kill(ProcessHandle process) {
        process.destroyForcibly();
        Await.until("the end of process " + process.pid(), DEATH_TIME, () -> !process.isAlive());
    }
}
