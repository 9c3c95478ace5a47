// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reports removed nodes, whichever program removed them. It watches only while there are listeners. If it can no longer read the directory,
 * it reports all nodes as removed, since it cannot tell which ones are still trusted.
 */
final class RemovalWatch {
    interface Present {
        Set<Fingerprint> list() throws IOException;
    }

    private static final Logger LOG = LoggerFactory.getLogger(RemovalWatch.class);

    private final Path directory;
    private final Present present;
    private final Function<Path, Optional<Fingerprint>> fingerprintOf;
    private final Set<Listener> listeners = new HashSet<>();
    private Set<Fingerprint> known = new HashSet<>();
    /** Removals by this store, which reports them itself. */
    private final Set<Fingerprint> own = new HashSet<>();

    private @Nullable WatchService service;

    RemovalWatch(Path directory, Present present, Function<Path, Optional<Fingerprint>> fingerprintOf) {
        this.directory = directory;
        this.present = present;
        this.fingerprintOf = fingerprintOf;
    }

    private final class Listener implements TrustedNodes.Subscription {
        private final Consumer<Fingerprint> consumer;

        Listener(Consumer<Fingerprint> consumer) {
            this.consumer = consumer;
        }

        void tell(Fingerprint removed) {
            try {
                consumer.accept(removed);
            } catch (RuntimeException e) {
                LOG.warn("a listener for removed nodes failed", e);
            }
        }

        @Override
        public void close() {
            unsubscribe(this);
        }
    }

    synchronized TrustedNodes.Subscription subscribe(Consumer<Fingerprint> consumer) throws IOException {
        Listener listener = new Listener(consumer);
        if (service == null) {
            service = start();
        }
        listeners.add(listener);
        return listener;
    }

    private WatchService start() throws IOException {
        WatchService started = directory.getFileSystem().newWatchService();
        boolean running = false;
        try {
            directory.register(started, StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_DELETE);
            // After the registration, so that no removal is missed.
            known = new HashSet<>(present.list());
            own.clear();
            Thread thread = new Thread(() -> watch(started), "vmmig-nodes");
            thread.setDaemon(true);
            thread.start();
            running = true;
            return started;
        } finally {
            if (!running) {
                started.close();
            }
        }
    }

    private synchronized void unsubscribe(Listener listener) {
        if (listeners.remove(listener) && listeners.isEmpty() && service != null) {
            stop(service);
        }
    }

    private void stop(WatchService running) {
        service = null;
        try {
            running.close();
        } catch (IOException e) {
            LOG.debug("closing failed", e);
        }
    }

    /** Called before this store removes a node; {@link #removed} follows if it does. */
    synchronized void removing(Fingerprint fingerprint) {
        if (service != null) {
            own.add(fingerprint);
        }
    }

    /** It was not there. */
    synchronized void notRemoved(Fingerprint fingerprint) {
        own.remove(fingerprint);
    }

    /** Called after this store has removed a node. Returns when all listeners have been told. */
    void removed(Fingerprint fingerprint) {
        List<Listener> toTell;
        synchronized (this) {
            known.remove(fingerprint);
            toTell = List.copyOf(listeners);
        }
        toTell.forEach(listener -> listener.tell(fingerprint));
    }

    private void watch(WatchService watched) {
        try {
            boolean seeing = true;
            while (seeing) {
                WatchKey key = watched.take();
                Set<Fingerprint> deleted = deleted(key.pollEvents());
                seeing = key.reset() && compare(watched, deleted);
            }
            lost(watched);
        } catch (ClosedWatchServiceException e) {
            LOG.trace("nobody listens any more", e);
        } catch (InterruptedException e) {
            lost(watched);
        }
    }

    private Set<Fingerprint> deleted(List<WatchEvent<?>> events) {
        Set<Fingerprint> deleted = new HashSet<>();
        for (WatchEvent<?> event : events) {
            if (event.kind() == StandardWatchEventKinds.ENTRY_DELETE && event.context() instanceof Path file) {
                fingerprintOf.apply(file).ifPresent(deleted::add);
            }
        }
        return deleted;
    }

    private boolean compare(WatchService watched, Set<Fingerprint> deleted) {
        try {
            Set<Fingerprint> now = present.list();
            tellGone(watched, now, deleted);
            return true;
        } catch (IOException e) {
            LOG.warn("the trusted nodes in {} can no longer be listed", directory, e);
            return false;
        }
    }

    private void lost(WatchService watched) {
        tellGone(watched, Set.of(), Set.of());
        synchronized (this) {
            if (service == watched) {
                stop(watched);
            }
        }
    }

    private void tellGone(WatchService watched, Set<Fingerprint> now, Set<Fingerprint> deleted) {
        Set<Fingerprint> gone;
        List<Listener> toTell;
        synchronized (this) {
            if (service != watched) {
                return;
            }
            gone = new HashSet<>(known);
            gone.removeAll(now);
            // A node that was deleted and added again counts as removed.
            gone.addAll(deleted);
            gone.removeAll(own);
            own.removeAll(deleted);
            known = new HashSet<>(now);
            toTell = List.copyOf(listeners);
        }
        for (Fingerprint fingerprint : gone) {
            toTell.forEach(listener -> listener.tell(fingerprint));
        }
    }
}
