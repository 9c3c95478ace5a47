// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.interference;

import io.vmmig.lab.guest.GuestKind;
import io.vmmig.lab.host.Lab;
import io.vmmig.lab.host.LabHost;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Three hosts with a libvirtd each, which all receive guests from the others. For one thread. */
final class Triangle implements AutoCloseable {
    static final Duration IDLE = Duration.ofSeconds(6);
    static final Duration ASKING = Duration.ofSeconds(10);
    private static final Duration RESUMING = Duration.ofSeconds(4);
    private static final long KEPT_BYTES = 48L << 20;
    private static final List<String> SHORT_LIVED = List.of("-XX:TieredStopAtLevel=1", "-Xmx256m");

    private final List<LabHost> hosts = new ArrayList<>();
    private final Map<LabHost, Integer> ports = new HashMap<>();
    private final Map<LabHost, LabHost> seconds = new HashMap<>();

    Triangle(Lab lab, String name) {
        for (String letter : List.of("a", "b", "c")) {
            LabHost host = lab.libvirtd(name + letter, SHORT_LIVED, directory -> Map.of());
            hosts.add(host);
            host.keepAtMost(KEPT_BYTES);
            GuestKind.Image image = GuestKind.TINY_X86_64.image();
            host.addImage(image.qcow2(), "qcow2");
            host.addBootFiles(image);
        }
        hosts.forEach(host -> ports.put(host, host.listen(IDLE, RESUMING, othersThan(host))));
    }

    List<LabHost> hosts() {
        return hosts;
    }

    LabHost[] othersThan(LabHost host) {
        return hosts.stream().filter(other -> other != host).toArray(LabHost[]::new);
    }

    /** The next one, in a circle. */
    LabHost after(LabHost host) {
        return hosts.get((hosts.indexOf(host) + 1) % hosts.size());
    }

    int port(LabHost host) {
        return ports.getOrDefault(host, 0);
    }

    /** Another program on the same host. */
    LabHost secondProgramOf(LabHost host) {
        return seconds.computeIfAbsent(host, LabHost::secondProgram);
    }

    @Override
    public void close() {
        seconds.values().forEach(LabHost::close);
        hosts.forEach(LabHost::close);
    }
}
