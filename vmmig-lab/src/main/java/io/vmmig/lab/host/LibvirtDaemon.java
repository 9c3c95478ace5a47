// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import io.vmmig.lab.Checkout;
import io.vmmig.lab.Command;
import io.vmmig.lab.LabException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A libvirtd in namespaces of its own.
 *
 * @param lab the directory of {@code lab/host}
 * @param name the host's name there
 * @param uri where it is to be reached
 */
record LibvirtDaemon(Path lab, String name, String uri) implements LibvirtKind {
    /** For another release, a whole Debian may have to be downloaded first. */
    private static final Duration START_TIME = Duration.ofMinutes(10);

    private static final Duration END_TIME = Duration.ofMinutes(1);
    private static final String LAB = "VMMIG_LAB";

    static LibvirtDaemon up(Path lab, String name, String... options) {
        String[] words = new String[3 + options.length];
        words[0] = Checkout.script("host");
        words[1] = "up";
        words[2] = name;
        System.arraycopy(options, 0, words, 3, options.length);
        String uri = Command.of(words).with(LAB, lab.toString()).run(START_TIME);
        return new LibvirtDaemon(lab, name, uri);
    }

    /** Stops everything in that directory, which need not exist. */
    static void downAll(Path lab) {
        if (Files.isDirectory(lab)) {
            Command.of(Checkout.script("host"), "down", "--all")
                    .with(LAB, lab.toString())
                    .run(END_TIME);
        }
    }

    /** Kills the libvirtd; guests keep running. */
    void crash() {
        host("crash");
    }

    /** Starts it again. */
    void restart() {
        host("restart");
    }

    /** Sends it a signal. */
    void signal(String signal) {
        host("exec", "bash", "-c", "kill -" + signal + " $(</run/libvirtd.pid)");
    }

    /** Restarts it with another setting of its QEMU driver. */
    void set(String key, String value) {
        Path file = lab.resolve(name).resolve("etc").resolve("qemu.conf");
        try {
            List<String> lines = new ArrayList<>(Files.readAllLines(file));
            lines.removeIf(line -> line.startsWith(key + " "));
            lines.add(key + " = \"" + value + "\"");
            Files.write(file, lines);
        } catch (IOException e) {
            throw new LabException("could not change " + file, e);
        }
        restart();
    }

    /** Kills everything that runs in the host at once. */
    void powerOff() {
        host("poweroff");
    }

    /** Starts the host again. */
    void powerOn() {
        host("up");
    }

    /** The first process of the host, which owns its namespaces; empty when its power is off. */
    Optional<ProcessHandle> init() {
        try {
            String[] words = Files.readString(lab.resolve(name).resolve("init")).split("\\s+", -1);
            return ProcessHandle.of(Long.parseLong(words[0])).filter(ProcessHandle::isAlive);
        } catch (IOException | NumberFormatException e) {
            return Optional.empty();
        }
    }

    /** Makes its traffic pass a link. */
    void link(Link link) {
        host(
                "link",
                "--rate",
                Integer.toString(link.megabitsPerSecond()),
                "--rtt",
                Integer.toString(link.roundTripMillis()));
    }

    private void host(String what, String... options) {
        List<String> words = new ArrayList<>(List.of(Checkout.script("host"), what, name));
        words.addAll(List.of(options));
        Command.of(words.toArray(String[]::new)).with(LAB, lab.toString()).run(END_TIME);
    }

    @Override
    public void close() {
        host("down");
    }
}
