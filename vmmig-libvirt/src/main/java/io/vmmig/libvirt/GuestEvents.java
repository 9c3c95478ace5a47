// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.VmmigException;
import io.vmmig.libvirt.binding.Connection;
import io.vmmig.libvirt.binding.Domain;
import io.vmmig.libvirt.binding.DomainEvent;
import io.vmmig.libvirt.binding.DomainEvents;
import io.vmmig.libvirt.binding.DomainState;
import io.vmmig.libvirt.binding.DomainStatus;
import io.vmmig.libvirt.binding.LibvirtError;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The events of one guest since this object was created, and its current state. Thread-safe. */
record GuestEvents(GuestCalls calls, DomainEvents events, List<DomainEvent> seen) implements AutoCloseable {
    /** For a guest that libvirt no longer knows. */
    static final DomainStatus GONE = new DomainStatus(DomainState.SHUT_OFF, 0);

    /**
     * Starts to listen.
     *
     * @param calls on a connection without slow calls, which would delay events
     * @param everything whether to report other events than suspended, resumed, started, ended and (un)defined
     */
    static GuestEvents begin(GuestCalls calls, boolean everything) throws VmmigException {
        List<DomainEvent> seen = new ArrayList<>();
        DomainEvents events = calls.callHost(
                "watch",
                host -> host.watch(calls.uuid(), everything, event -> {
                    synchronized (seen) {
                        seen.add(event);
                        seen.notifyAll();
                    }
                }));
        return new GuestEvents(calls, events, seen);
    }

    /** The number of events so far. */
    int count() {
        synchronized (seen) {
            return seen.size();
        }
    }

    /** The events after the first {@code count}. */
    List<DomainEvent> after(int count) {
        synchronized (seen) {
            return List.copyOf(seen.subList(count, seen.size()));
        }
    }

    /** The first event of that kind after the given number of events; empty if there is none within {@code atMost}. */
    Optional<DomainEvent> await(DomainEvent.Kind kind, int count, Duration atMost) throws InterruptedException {
        long end = System.nanoTime() + atMost.toNanos();
        synchronized (seen) {
            while (true) {
                Optional<DomainEvent> found = seen.subList(count, seen.size()).stream()
                        .filter(event -> event.kind() == kind)
                        .findFirst();
                long millis = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
                if (found.isPresent() || millis <= 0) {
                    return found;
                }
                seen.wait(millis);
            }
        }
    }

    /** Whether no event can have been missed, because the connection that delivers them has not broken. */
    boolean unbroken() {
        return events.connection().isAlive();
    }

    /**
     * The guest's state. When this returns, all events up to the query have arrived: it asks libvirt twice, and libvirt sends
     * pending events between two answers.
     *
     * @throws VmmigException also when the connection that delivers the events has broken
     */
    DomainStatus status() throws VmmigException {
        return calls.callHost("look at", other -> {
            try (Connection connection = events.connection().share()) {
                ask(connection);
                return ask(connection);
            }
        });
    }

    private DomainStatus ask(Connection connection) throws LibvirtError {
        try (Domain domain = connection.domain(calls.uuid())) {
            return domain.status();
        } catch (LibvirtError e) {
            if (e.code() == LibvirtError.NO_DOMAIN) {
                return GONE;
            }
            throw e;
        }
    }

    @Override
    public void close() {
        // Nobody needs to wait for libvirt's answer.
        Pending<Boolean> closing = calls.startOnHost(
                "end the watch of", new Late.Stays("nobody listens any more"), host -> events.close());
        if (closing.failed()) {
            events.close();
        }
    }
}
