// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.libvirt.binding.DomainControl;
import io.vmmig.libvirt.binding.DomainState;
import io.vmmig.libvirt.binding.DomainView;
import io.vmmig.libvirt.binding.HostControl;
import io.vmmig.libvirt.binding.LibvirtError;
import java.time.Duration;
import java.util.UUID;

/** Calls about one guest. Each looks the guest up again, so that no handle is shared with an abandoned call. */
record GuestCalls(Calls calls, Claims claims, String name, UUID uuid) {
    /** A query of a domain. */
    @FunctionalInterface
    interface Look<T> {
        T run(DomainView domain) throws LibvirtError, VmmigException;
    }

    /** A change of a domain. */
    @FunctionalInterface
    interface Action {
        void run(DomainControl domain) throws LibvirtError, VmmigException;
    }

    /** The same, on a connection where slow calls block nothing else. */
    GuestCalls aside() {
        return new GuestCalls(calls, new Claims(), name, uuid);
    }

    /** Runs a query, and waits for the result. */
    <T> T call(String doing, Look<T> look) throws VmmigException {
        return calls.call(doing + " " + name, host -> {
            try (DomainView domain = host.domain(uuid)) {
                return look.run(domain);
            }
        });
    }

    /** Runs a query that is not about a domain, and waits for the result. */
    <T> T callHost(String doing, Calls.Look<T> look) throws VmmigException {
        return calls.call(doing + " " + name, look);
    }

    /** Makes a change, and waits for it; abandons it after its deadline. */
    void change(String doing, Late ifLate, Action action) throws VmmigException {
        await(start(doing, ifLate, action), calls.deadline());
    }

    /** Starts a change that may take long; {@link #await} it, or {@link #giveUp abandon} it. */
    Pending<Boolean> start(String doing, Late ifLate, Action action) {
        return startOnHost(doing, ifLate, host -> on(host, action));
    }

    /** As {@link #start}, for a change without a domain, which may not exist yet. */
    Pending<Boolean> startOnHost(String doing, Late ifLate, Late.Step step) {
        return calls.start(doing + " " + name, ifLate, host -> {
            step.run(host);
            return true;
        });
    }

    /** Waits for a change, and abandons it if it does not end in time. */
    void await(Pending<?> call, Duration deadline) throws VmmigException {
        try {
            call.awaitOrGiveUp(deadline);
        } catch (HypervisorException e) {
            giveUp(call);
            throw e;
        }
    }

    /** Abandons a change: this guest cannot be changed again until the call has ended. */
    void giveUp(Pending<?> call) {
        if (call.giveUp()) {
            claims.addLate(uuid, call);
        }
    }

    /** As {@link Late.Then}, with the guest's domain. */
    Late then(String doing, Action action) {
        return new Late.Then(doing, host -> on(host, action));
    }

    private void on(HostControl host, Action action) throws LibvirtError, VmmigException {
        try (DomainControl domain = host.domain(uuid)) {
            action.run(domain);
        }
    }

    DomainState state() throws VmmigException {
        return call("look at", DomainView::state);
    }

    void abortJob() throws VmmigException {
        change("abort the job of", new Late.Stays("the job is our own, and abandoned"), DomainControl::abortJob);
    }

    void suspend() throws VmmigException {
        change("suspend", then("resume " + name, GuestCalls::resumeIfPaused), DomainControl::suspend);
    }

    private static void resumeIfPaused(DomainControl domain) throws LibvirtError {
        if (domain.state() == DomainState.PAUSED) {
            domain.resume();
        }
    }

    /** Resumes a guest that is paused; does nothing to one that runs. */
    void continueRunning() throws VmmigException {
        change(
                "resume",
                // A destination that abandons this call, but not the guest, leaves the guest to a recovery, which
                // resumes it.
                new Late.Stays("it should run"),
                domain -> {
                    DomainState state = domain.state();
                    switch (state) {
                        case PAUSED -> domain.resume();
                        case SHUT_OFF, CRASHED, SHUTTING_DOWN ->
                            throw new HypervisorException(
                                    Problem.GUEST_NOT_RUNNING,
                                    name + " has stopped while it was being saved",
                                    "Look at the log of its QEMU.");
                        default -> {
                            // It runs already: libvirt itself resumes a guest when its save fails.
                        }
                    }
                });
    }

    /** Makes the guest persistent. */
    void define(String domainXml) throws VmmigException {
        await(startOnHost("define", removal(), host -> host.define(domainXml).close()), calls.deadline());
    }

    /** Destroys and undefines the guest, as far as it exists. */
    void remove() throws VmmigException {
        await(startOnHost("remove", removal(), this::removeIfThere), calls.deadline());
    }

    /** Removes what an abandoned call has created. */
    Late removal() {
        return new Late.Then("remove " + name, this::removeIfThere);
    }

    private void removeIfThere(HostControl host) throws LibvirtError {
        try (DomainControl domain = host.domain(uuid)) {
            // The definition first: if this stops in between, nobody can start the guest again.
            if (domain.persistent()) {
                domain.undefine();
            }
            domain.destroy();
        } catch (LibvirtError e) {
            if (e.code() != LibvirtError.NO_DOMAIN) {
                throw e;
            }
        }
    }
}
