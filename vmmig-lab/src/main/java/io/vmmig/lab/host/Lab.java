// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import io.vmmig.lab.LabException;
import io.vmmig.lab.Trees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;
import java.util.function.Supplier;

/** Hosts on this machine. Closing the lab removes every trace of them. Thread-safe. */
public final class Lab implements AutoCloseable {
    /** In place of a release: the libvirt and QEMU of this machine. */
    public static final String THIS_RELEASE = "";

    private static final List<String> SMALL_HEAP = List.of("-Xmx256m");

    private final Path directory;
    private final Deque<LabHost> hosts = new ArrayDeque<>();
    private final Thread lastResort = new Thread(this::closeHosts);
    /** Threads that start hosts share it; closing the lab waits for them. */
    private final ReadWriteLock starting = new ReentrantReadWriteLock();

    private volatile boolean closing;

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

    /** A directory that is removed with the lab. */
    public Path directory() {
        return directory;
    }

    /** Starts a host with libvirt's embedded driver in its JVM. */
    public LabHost embedded(String name) {
        return embedded(name, List.of());
    }

    /** The same, in a JVM with that much heap, in MiB, and the default collector of a server. */
    public LabHost embeddedWithHeap(String name, int mebibytes) {
        return embedded(name, List.of("-Xmx" + mebibytes + "m", "-XX:-UseParallelGC", "-XX:+UseG1GC"));
    }

    private LabHost embedded(String name, List<String> jvmOptions) {
        return unlessClosing(() ->
                start(name, EmbeddedLibvirt.in(directory.resolve(name).resolve("e")), false, jvmOptions, Map.of()));
    }

    /** Whether it is being closed, so that no more hosts can be started. */
    public boolean closing() {
        return closing;
    }

    private LabHost unlessClosing(Supplier<LabHost> start) {
        starting.readLock().lock();
        try {
            if (closing) {
                throw new LabException("the lab is being closed");
            }
            return start.get();
        } finally {
            starting.readLock().unlock();
        }
    }

    /** Starts a host with a libvirtd. */
    public LabHost libvirtd(String name) {
        return libvirtd(name, List.of(), host -> Map.of());
    }

    /**
     * As {@link #libvirtd(String)}.
     *
     * @param jvmOptions of its program
     * @param before prepares the host's directory before anything runs there, and returns the environment of its program
     */
    public LabHost libvirtd(String name, List<String> jvmOptions, Function<Path, Map<String, String>> before) {
        return libvirtd(name, THIS_RELEASE, jvmOptions, before);
    }

    /** As {@link #libvirtd(String)}, with the libvirt and QEMU of that release of Debian. */
    public LabHost libvirtd(String name, String release) {
        return libvirtd(name, release, List.of(), host -> Map.of());
    }

    /** Both. */
    public LabHost libvirtd(
            String name, String release, List<String> jvmOptions, Function<Path, Map<String, String>> before) {
        return unlessClosing(() -> {
            Map<String, String> environment = before.apply(directory.resolve(name));
            return start(name, daemon(name, release), false, jvmOptions, environment);
        });
    }

    private LibvirtDaemon daemon(String name, String release) {
        return release.equals(THIS_RELEASE)
                ? LibvirtDaemon.up(daemons(), name)
                : LibvirtDaemon.up(daemons(), name, "--release", release);
    }

    /**
     * As {@link #libvirtd(String)}, with its program on the lab's network, like its guests: what it sends passes the host's
     * {@link LabHost#link link}. Its heap is small, so that measurements show what it needs.
     */
    public LabHost networked(String name) {
        return networked(name, THIS_RELEASE);
    }

    /** The same, with the libvirt and QEMU of that release of Debian. */
    public LabHost networked(String name, String release) {
        return unlessClosing(() -> start(name, daemon(name, release), true, SMALL_HEAP, Map.of()));
    }

    private Path daemons() {
        return directory.resolve("lab");
    }

    private LabHost start(
            String name,
            LibvirtKind libvirt,
            boolean networked,
            List<String> jvmOptions,
            Map<String, String> environment) {
        LabHost host = LabHost.start(name, directory.resolve(name), libvirt, networked, jvmOptions, environment);
        synchronized (hosts) {
            hosts.push(host);
        }
        return host;
    }

    private void closeHosts() {
        closing = true;
        starting.writeLock().lock();
        try {
            List<RuntimeException> failures = new ArrayList<>();
            synchronized (hosts) {
                while (!hosts.isEmpty()) {
                    attempt(hosts.pop()::close, failures);
                }
            }
            // Of hosts whose start was interrupted.
            attempt(() -> LibvirtDaemon.downAll(daemons()), failures);
            attempt(() -> Trees.delete(directory), failures);
            if (!failures.isEmpty()) {
                throw failures.get(0);
            }
        } finally {
            starting.writeLock().unlock();
        }
    }

    private static void attempt(Runnable step, List<RuntimeException> failures) {
        try {
            step.run();
        } catch (RuntimeException e) {
            failures.add(e);
        }
    }

    @Override
    public void close() {
        closeHosts();
        try {
            Runtime.getRuntime().removeShutdownHook(lastResort);
        } catch (IllegalStateException e) {
            // The JVM is ending; the hook has nothing to do.
        }
    }
}
