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
 * libvirt's embedded driver, which lives in the agent's JVM.
 *
 * @param root the directory that the driver has for itself
 */
record EmbeddedLibvirt(Path root) implements LibvirtKind {
    private static final Duration PROBE_TIME = Duration.ofMinutes(2);
    private static final Duration DEATH_TIME = Duration.ofSeconds(60);

    /** Prepares a root directory; it knows already what the QEMUs can do, which takes seconds to find out. */
    static EmbeddedLibvirt in(Path root) {
        Path known = Path.of(Command.of(Checkout.script("capabilities")).run(PROBE_TIME));
        Trees.copyFlat(known, root.resolve("cache/qemu/capabilities"));
        return new EmbeddedLibvirt(root);
    }

    @Override
    public String uri() {
        return "qemu:///embed?root=" + root;
    }

    /** Kills what the agent may have left. */
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

    /** A process id may be another process's by now. */
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
