// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.HypervisorException;
import io.vmmig.Problem;
import io.vmmig.VmmigException;
import io.vmmig.libvirt.binding.Connection;
import io.vmmig.libvirt.binding.Domain;
import io.vmmig.libvirt.binding.DomainState;
import io.vmmig.libvirt.binding.LibvirtError;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

/** Calls about one guest. Each looks the guest up afresh, so no handle outlives a call that is left to itself. */
final class GuestCalls {
    /** What is done with a domain. */
    interface Action<T> {
        T run(Domain domain) throws LibvirtError, VmmigException;
    }

    private final Calls calls;
    private final String name;
    private final UUID uuid;

    GuestCalls(Calls calls, String name, UUID uuid) {
        this.calls = calls;
        this.name = name;
        this.uuid = uuid;
    }

    String name() {
        return name;
    }

    UUID uuid() {
        return uuid;
    }

    Calls host() {
        return calls;
    }

    /** Makes an ordinary call. */
    <T> T call(String doing, Action<T> action) throws VmmigException {
        return calls.call(doing + " " + name, connection -> with(connection, action));
    }

    /** Begins a call that may take its time. */
    <T> CompletableFuture<T> start(String doing, Action<T> action) {
        return calls.start(doing + " " + name, connection -> with(connection, action));
    }

    DomainState state() throws VmmigException {
        return call("look at", Domain::state);
    }

    void abortJob() throws VmmigException {
        call("abort the job of", domain -> {
            domain.abortJob();
            return true;
        });
    }

    /** Lets a suspended guest go on; does nothing to one that runs. */
    void goOn() throws VmmigException {
        call("resume", domain -> {
            DomainState state = domain.state();
            switch (state) {
                case PAUSED -> domain.resume();
                case SHUT_OFF, CRASHED, SHUTTING_DOWN ->
                    throw new HypervisorException(
                            Problem.GUEST_NOT_RUNNING,
                            name + " has stopped while it was being saved",
                            "Look at the log of its QEMU.");
                default -> {
                    // It runs already: libvirt itself resumes a guest whose save it could not finish.
                }
            }
            return true;
        });
    }

    /** Ends the guest and forgets its definition, whatever is left of either. */
    void remove() throws VmmigException {
        calls.call("remove " + name, connection -> {
            try (Domain domain = connection.domain(uuid)) {
                removeNow(domain);
            } catch (LibvirtError e) {
                if (e.code() != LibvirtError.NO_DOMAIN) {
                    throw e;
                }
            }
            return true;
        });
    }

    /** As {@link #remove()}, within a call. */
    static boolean removeNow(Domain domain) throws LibvirtError {
        // The definition goes first: were we to stop in between, nobody could start the guest a second time.
        if (domain.persistent()) {
            domain.undefine();
        }
        domain.destroy();
        return true;
    }

    private <T> T with(Connection connection, Action<T> action) throws LibvirtError, VmmigException {
        try (Domain domain = connection.domain(uuid)) {
            return action.run(domain);
        }
    }
}
