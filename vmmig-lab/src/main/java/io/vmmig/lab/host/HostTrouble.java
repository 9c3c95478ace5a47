// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import io.vmmig.lab.Await;
import io.vmmig.lab.Command;
import io.vmmig.lab.LabException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Kills, freezes and hampers the programs of a host that has a libvirtd. */
public final class HostTrouble {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final String KILL = "-KILL";

    private final AgentProcess agent;
    private final LibvirtKind libvirt;

    HostTrouble(AgentProcess agent, LibvirtKind libvirt) {
        this.agent = agent;
        this.libvirt = libvirt;
    }

    /** Kills the program that runs vmmig. */
    public void killProgram() {
        agent.kill();
        agent.awaitDeath();
    }

    /** Whether the program that runs vmmig is alive. */
    public boolean programRuns() {
        return agent.alive();
    }

    /** Freezes that program until it is thawed. */
    public void freezeProgram() {
        signal("-STOP", agent.pid());
    }

    /** Thaws it. */
    public void thawProgram() {
        signal("-CONT", agent.pid());
    }

    /** From now on no file of that program can grow, including its journals. */
    public void stopWriting() {
        limitFiles("1");
    }

    /** Its files can grow again. */
    public void letWrite() {
        limitFiles("unlimited");
    }

    private void limitFiles(String bytes) {
        // Only the soft limit, so that it can be raised again.
        Command.of("prlimit", "--pid", Long.toString(agent.pid()), "--fsize=" + bytes + ":")
                .run(SOON);
    }

    private static void signal(String signal, long pid) {
        Command.of("kill", signal, Long.toString(pid)).run(SOON);
    }

    /** Kills libvirtd. */
    public void killLibvirtd() {
        daemon().crash();
    }

    /** Starts libvirtd again. */
    public void restartLibvirtd() {
        daemon().restart();
    }

    /** Freezes libvirtd until it is thawed. */
    public void freezeLibvirtd() {
        daemon().signal("STOP");
    }

    /** Thaws it: it now handles the requests that have queued up. */
    public void thawLibvirtd() {
        daemon().signal("CONT");
    }

    /** Kills all processes of the host at once. */
    public void powerOff() {
        // Frozen first, so that it does not see the others end.
        if (agent.alive()) {
            freezeProgram();
        }
        daemon().powerOff();
        killProgram();
    }

    /** Starts the host again, with its libvirtd, but without the program. */
    public void powerOn() {
        daemon().powerOn();
    }

    /** Kills the QEMUs of a guest; false if there was none. */
    public boolean killQemu(String guest) {
        AtomicBoolean found = new AtomicBoolean();
        // One that is just being started may appear meanwhile, and forks once more.
        Await.until("the end of the QEMU of " + guest, SOON, () -> {
            List<Long> pids = qemus(guest);
            pids.forEach(pid -> {
                found.set(true);
                signal(KILL, pid);
            });
            return pids.isEmpty();
        });
        return found.get();
    }

    /** The process ids of the QEMUs that run a guest of that name on this host. */
    public List<Long> qemus(String guest) {
        Supplier<LabException> off = () -> new LabException("the host's power is off");
        Path namespace = namespaceOf(daemon().init().orElseThrow(off).pid());
        try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
            return processes
                    .map(path -> path.getFileName().toString())
                    .filter(name -> name.chars().allMatch(Character::isDigit))
                    .map(Long::parseLong)
                    .filter(pid -> isQemu(pid, guest) && namespaceOf(pid).equals(namespace))
                    .toList();
        } catch (IOException e) {
            throw new LabException("could not look at the processes", e);
        }
    }

    private static boolean isQemu(long pid, String guest) {
        try {
            String line = Files.readString(Path.of("/proc", Long.toString(pid), "cmdline"));
            return line.contains("qemu-system-") && line.contains("guest=" + guest + ",");
        } catch (IOException e) {
            return false;
        }
    }

    private static Path namespaceOf(long pid) {
        try {
            return Files.readSymbolicLink(Path.of("/proc", Long.toString(pid), "ns", "pid"));
        } catch (IOException e) {
            return Path.of("gone");
        }
    }

    private LibvirtDaemon daemon() {
        if (libvirt instanceof LibvirtDaemon daemon) {
            return daemon;
        }
        throw new LabException("this host has no libvirtd");
    }
}
