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

/** Two hosts with a libvirtd each, and the proxies between them. */
final class Pair implements AutoCloseable {
    private static final int DISK_MIB = 160;
    private static final long KEPT_BYTES = 48L << 20;
    /** For baselines of a guest with a burst load, which changes most of its memory between two of them. */
    private static final int DISK_MIB_LIVE = 512;

    private static final long KEPT_BYTES_LIVE = 256L << 20;

    /** For a program that runs a few migrations at most, the second compiler costs more than it gains. */
    private static final List<String> SHORT_LIVED =
            List.of("-XX:TieredStopAtLevel=1", "-D" + HostAgent.CALL_MILLIS + "=" + Limits.LIBVIRT_CALL.toMillis());

    private final Limits limits;
    private final LabHost a;
    private final LabHost b;
    private final Map<LabHost, FaultProxy> proxies = new ConcurrentHashMap<>();

    /** @param release the Debian whose libvirt they run, or {@link Lab#THIS_RELEASE} */
    Pair(Lab lab, String name, String release, Limits limits) {
        this.limits = limits;
        a = start(lab, name + "a", release);
        b = start(lab, name + "b", release);
        for (LabHost host : List.of(a, b)) {
            proxies.put(host, new FaultProxy());
            listen(host);
        }
    }

    private static LabHost start(Lab lab, String name, String release) {
        boolean here = release.equals(Lab.THIS_RELEASE);
        Path[] mounted = new Path[1];
        LabHost host;
        try {
            host = lab.libvirtd(name, release, SHORT_LIVED, directory -> {
                mounted[0] = directory;
                Disks.mount(directory, here ? DISK_MIB : DISK_MIB_LIVE);
                return ProgramClock.in(directory).environment();
            });
        } catch (LabException e) {
            if (mounted[0] != null) {
                Disks.unmount(mounted[0]);
            }
            throw e;
        }
        host.whenClosed(() -> Disks.unmount(host.directory()));
        host.keepAtMost(here ? KEPT_BYTES : KEPT_BYTES_LIVE);
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

    /** The proxy through which the other host reaches this one. */
    FaultProxy proxyTo(LabHost host) {
        FaultProxy proxy = proxies.get(host);
        if (proxy == null) {
            throw new IllegalArgumentException(host + " does not belong to this pair");
        }
        return proxy;
    }

    /** Makes a host listen whose program has just started. */
    void listen(LabHost host) {
        proxyTo(host).leadTo(host.listen(limits.idle(), limits.resuming(), other(host)));
    }

    /** Sets the clock of a host's program. */
    void setClock(LabHost host, Duration ahead) {
        ProgramClock.in(host.directory()).set(ahead);
    }

    /** Sets the clocks of all programs to the machine's time. */
    void resetClocks() {
        hosts().forEach(host -> setClock(host, Duration.ZERO));
    }

    @Override
    public void close() {
        proxies.values().forEach(FaultProxy::close);
        hosts().forEach(LabHost::close);
    }
}
