// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.binding;

import com.sun.jna.Callback;
import com.sun.jna.CallbackReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** libvirt's events of one domain over one connection. After that has broken, there are no more events. Thread-safe. */
public final class DomainEvents implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DomainEvents.class);
    private static final int LIFECYCLE = 0;

    private final Connection connection;
    private final EventCallbacks callbacks;
    private final List<Integer> registrations = new ArrayList<>();
    private boolean closed;

    private DomainEvents(Connection connection, EventCallbacks callbacks) {
        this.connection = connection;
        this.callbacks = callbacks;
    }

    /**
     * Starts to listen.
     *
     * @param everything whether to report other events than suspended, resumed, started, ended and (un)defined
     * @param listener called by libvirt's event loop, so it must be quick and must not call libvirt
     */
    public static DomainEvents of(
            Connection connection, Domain domain, boolean everything, Consumer<DomainEvent> listener)
            throws LibvirtError {
        DomainEvents events = new DomainEvents(connection.share(), EventCallbacks.telling(listener));
        try {
            events.register(domain, everything);
            return events;
        } catch (LibvirtError e) {
            events.close();
            throw e;
        }
    }

    private void register(Domain domain, boolean everything) throws LibvirtError {
        for (Map.Entry<Integer, Callback> callback : callbacks.byEvent().entrySet()) {
            int event = callback.getKey();
            if (event != LIFECYCLE && !everything) {
                continue;
            }
            int registration = connection.registerEvents(
                    domain, event, CallbackReference.getFunctionPointer(callback.getValue()), callbacks.opaque());
            if (registration >= 0) {
                registrations.add(registration);
            } else if (event == LIFECYCLE) {
                throw LibvirtError.last();
            } else {
                LOG.debug(
                        "libvirt reports no events of kind {}: {}",
                        event,
                        LibvirtError.last().getMessage());
            }
        }
    }

    /** The connection that delivers the events. */
    public Connection connection() {
        return connection;
    }

    /** Stops listening. Events in flight are dropped. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            registrations.forEach(connection::deregisterEvents);
            callbacks.release();
            connection.close();
        }
    }
}
