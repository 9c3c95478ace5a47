// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import io.vmmig.lab.LabException;
import io.vmmig.lab.Trees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** Hosts on this machine, which vanish without a trace when the lab is closed. Thread-safe. */
public final class Lab implements AutoCloseable {
    /** Less than most guests have memory; in so small a heap G1 would be marking all the time. */
    private static final List<String> JVM_OPTIONS =
            List.of("-Xmx256m", "-XX:+UseParallelGC", "-Dorg.slf4j.simpleLogger.showDateTime=true");

    private final Path directory;
    private final Deque<LabHost> hosts = new ArrayDeque<>();
    private final Thread lastResort = new Thread(this::closeHosts);

    private Lab(Path directory) {
        this.directory = directory;
        Runtime.getRuntime().addShutdownHook(lastResort);
    }

    /** An empty lab. */
    public static Lab open() {
        try {
            // Not deeper: the paths of unix sockets end after 107 bytes.
            return new Lab(Files.createTempDirectory(Path.of("/tmp"), "vmmig-"));
        } catch (IOException e) {
            throw new LabException("could not make a directory in /tmp", e);
        }
    }

    /** A directory for anything that has to do with the lab; it vanishes with it. */
    public Path directory() {
        return directory;
    }

    /** Starts a host with libvirt's embedded driver in its JVM. */
    public LabHost embedded(String name) {
        Path home = directory.resolve(name);
        return start(name, EmbeddedLibvirt.in(home.resolve("e")));
    }

    /** Starts a host with a libvirtd. */
    public LabHost libvirtd(String name) {
        return start(name, LibvirtDaemon.up(directory.resolve("lab"), name));
    }

    /** As {@link #libvirtd(String)}, with the libvirt and QEMU of that release of Debian. */
    public LabHost libvirtd(String name, String release) {
        return start(name, LibvirtDaemon.up(directory.resolve("lab"), name, "--release", release));
    }

    private LabHost start(String name, LibvirtKind libvirt) {
        LabHost host = LabHost.start(name, directory.resolve(name), libvirt, JVM_OPTIONS);
        synchronized (hosts) {
            hosts.push(host);
        }
        return host;
    }

    private void closeHosts() {
        synchronized (hosts) {
            while (!hosts.isEmpty()) {
                hosts.pop().close();
            }
        }
        Trees.delete(directory);
    }

    @Override
    public void close() {
        closeHosts();
        try {
            Runtime.getRuntime().removeShutdownHook(lastResort);
        } catch (IllegalStateException e) {
            // The JVM is ending, and the hook finds nothing to do.
        }
    }
}
