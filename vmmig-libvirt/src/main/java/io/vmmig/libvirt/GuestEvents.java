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

/** What libvirt has reported of one guest since this began, and what it says of it now. Thread-safe. */
final class GuestEvents implements AutoCloseable {
    /** Of a guest that libvirt does not know any more. */
    static final DomainStatus GONE = new DomainStatus(DomainState.SHUT_OFF, 0);

    private final GuestCalls calls;
    private final DomainEvents events;
    private final List<DomainEvent> seen;

    private GuestEvents(GuestCalls calls, DomainEvents events, List<DomainEvent> seen) {
        this.calls = calls;
        this.events = events;
        this.seen = seen;
    }

    /**
     * Begins.
     *
     * @param calls on a connection where nothing takes long, since reports wait behind such calls
     * @param everything whether to report more than that the guest is suspended, resumed, started, ended or (un)defined
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

    /** How many there are so far. */
    int count() {
        synchronized (seen) {
            return seen.size();
        }
    }

    /** What has been reported, without the first so many. */
    List<DomainEvent> after(int count) {
        synchronized (seen) {
            return List.copyOf(seen.subList(count, seen.size()));
        }
    }

    /** The first report of that kind, without the first so many of all; empty when none comes within {@code atMost}. */
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

    /** Whether nothing can have been missed: the connection over which the reports come has not broken. */
    boolean unbroken() {
        return events.connection().isAlive();
    }

    /**
     * What the guest is doing. What libvirt knew when it was asked has been reported here when this returns: it is asked twice, and
     * between two answers it sends what it has to report.
     *
     * @throws VmmigException also when the connection over which the reports come has broken
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
        if (closing.isDone() && !closing.succeeded()) {
            events.close();
        }
    }
}
