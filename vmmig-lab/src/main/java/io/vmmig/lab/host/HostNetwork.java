// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import io.vmmig.lab.LabException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * The network of a host that has a libvirtd, and through it the other hosts.
 *
 * @param daemon of that host
 */
record HostNetwork(LibvirtDaemon daemon) {
    private static final String DEVICE = "eth0:";
    /** In a line of {@code /proc/net/dev}, after the name. */
    private static final int SENT_BYTES = 8;

    /** The host's address among the others. */
    String address() {
        return wordsOf(daemon.lab().resolve("hosts"), words -> words.get(1).equals(daemon.name()))
                .get(0);
    }

    long initPid() {
        return daemon.init()
                .orElseThrow(() -> new LabException("the host's power is off"))
                .pid();
    }

    List<String> inside(String... words) {
        List<String> command = new ArrayList<>(List.of("nsenter", "-t", Long.toString(initPid()), "-n"));
        command.addAll(List.of(words));
        return command;
    }

    void link(Link link) {
        daemon.link(link);
    }

    /** A segment that TCP offloads counts once, with one header, though a wire would carry it as many packets. */
    long bytesSent() {
        Path counters = Path.of("/proc", Long.toString(initPid()), "net", "dev");
        List<String> words = wordsOf(counters, line -> line.get(0).equals(DEVICE));
        return Long.parseLong(words.get(1 + SENT_BYTES));
    }

    /** The words of the first such line. */
    private static List<String> wordsOf(Path file, Predicate<List<String>> line) {
        try {
            return Files.readAllLines(file).stream()
                    .map(text -> List.of(text.strip().split("\\s+", -1)))
                    .filter(line)
                    .findFirst()
                    .orElseThrow(() -> new LabException(file + " does not tell"));
        } catch (IOException e) {
            throw new LabException("could not read " + file, e);
        }
    }
}
