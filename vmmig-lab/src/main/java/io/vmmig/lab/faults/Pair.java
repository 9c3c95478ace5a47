// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.faults;

import io.vmmig.lab.LabException;
import io.vmmig.lab.guest.GuestKind;
import io.vmmig.lab.host.HostAgent;
import io.vmmig.lab.host.Lab;
import io.vmmig.lab.host.LabHost;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Two hosts with a libvirtd each, and the ways between them. */
final class Pair implements AutoCloseable {
    private static final long KEPT_BYTES = 48L << 20;

    /** A program that lives for a few migrations at most is better off without its best compiler. */
    private static final List<String> SHORT_LIVED =
            List.of("-XX:TieredStopAtLevel=1", "-D" + HostAgent.CALL_MILLIS + "=" + Limits.LIBVIRT_CALL.toMillis());

    private final Limits limits;
    private final LabHost a;
    private final LabHost b;
    private final Map<LabHost, Cable> cables = new ConcurrentHashMap<>();

    Pair(Lab lab, String name, Limits limits) {
        this.limits = limits;
        a = start(lab, name + "a");
        b = start(lab, name + "b");
        for (LabHost host : List.of(a, b)) {
            cables.put(host, new Cable());
            listen(host);
        }
    }

    private static LabHost start(Lab lab, String name) {
        Path[] mounted = new Path[1];
        LabHost host;
        try {
            host = lab.libvirtd(name, SHORT_LIVED, directory -> {
                mounted[0] = directory;
                Disks.mount(directory);
                return ProgramClock.in(directory).environment();
            });
        } catch (LabException e) {
            if (mounted[0] != null) {
                Disks.unmount(mounted[0]);
            }
            throw e;
        }
        host.whenClosed(() -> Disks.unmount(host.directory()));
        host.keepAtMost(KEPT_BYTES);
        GuestKind.Image image = GuestKind.TINY_X86_64.image();
        host.addImage(image.qcow2(), "qcow2");
        host.addBootFiles(image);
        return host;
    }

    LabHost first() {
        return a;
    }

    LabHost other(LabHost host) {
        return host == a ? b : a;
    }

    List<LabHost> hosts() {
        return List.of(a, b);
    }

    /** The way by which the other host reaches this one. */
    Cable cableTo(LabHost host) {
        Cable cable = cables.get(host);
        if (cable == null) {
            throw new IllegalArgumentException(host + " is not of this pair");
        }
        return cable;
    }

    /** Lets a host listen whose program has just started. */
    void listen(LabHost host) {
        cableTo(host).leadTo(host.listen(limits.idle(), limits.resuming(), other(host)));
    }

    /** Sets the clock of a host's program. */
    void setClock(LabHost host, Duration ahead) {
        ProgramClock.in(host.directory()).set(ahead);
    }

    /** All programs have the machine's time. */
    void resetClocks() {
        hosts().forEach(host -> setClock(host, Duration.ZERO));
    }

    @Override
    public void close() {
        cables.values().forEach(Cable::close);
        hosts().forEach(LabHost::close);
    }
}
