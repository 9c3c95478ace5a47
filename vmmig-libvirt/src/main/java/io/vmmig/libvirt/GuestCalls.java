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

/** Calls about one guest. Each looks the guest up afresh, so no handle outlives a call that is left to itself. */
final class GuestCalls {
    /** What is asked of a domain. */
    @FunctionalInterface
    interface Look<T> {
        T run(DomainView domain) throws LibvirtError, VmmigException;
    }

    /** What is done with a domain. */
    @FunctionalInterface
    interface Action {
        void run(DomainControl domain) throws LibvirtError, VmmigException;
    }

    private final Calls calls;
    private final LateCalls late;
    private final String name;
    private final UUID uuid;

    GuestCalls(Calls calls, LateCalls late, String name, UUID uuid) {
        this.calls = calls;
        this.late = late;
        this.name = name;
        this.uuid = uuid;
    }

    /** The same for calls that are in nobody's way, however long they take. */
    GuestCalls aside() {
        return new GuestCalls(calls, new LateCalls(), name, uuid);
    }

    String name() {
        return name;
    }

    UUID uuid() {
        return uuid;
    }

    /** Where its QEMU writes its log. */
    String qemuLog() {
        return calls.qemuLog(name);
    }

    /** Asks something, and waits for the answer. */
    <T> T call(String doing, Look<T> look) throws VmmigException {
        return calls.call(doing + " " + name, host -> {
            try (DomainView domain = host.domain(uuid)) {
                return look.run(domain);
            }
        });
    }

    /** Asks something that is no call of a domain, and waits for the answer. */
    <T> T callHost(String doing, Calls.Look<T> look) throws VmmigException {
        return calls.call(doing + " " + name, look);
    }

    /** Changes something, and waits for it; after its deadline it is given up. */
    void change(String doing, Late ifLate, Action action) throws VmmigException {
        await(start(doing, ifLate, action), calls.deadline());
    }

    /** Begins a change that may take its time; to be waited for with {@link #await}, or given up with {@link #giveUp}. */
    Pending<Boolean> start(String doing, Late ifLate, Action action) {
        return startOnHost(doing, ifLate, host -> on(host, action));
    }

    /** As {@link #start}, of something that is no call of a domain, since there may be none yet. */
    Pending<Boolean> startOnHost(String doing, Late ifLate, Late.Step step) {
        return calls.start(doing + " " + name, ifLate, host -> {
            step.run(host);
            return true;
        });
    }

    /** Waits for a change, and gives it up if it does not end in time. */
    void await(Pending<?> call, Duration deadline) throws VmmigException {
        try {
            call.awaitOrGiveUp(deadline);
        } catch (HypervisorException e) {
            giveUp(call);
            throw e;
        }
    }

    /** Waits no more for a change: nothing new can be begun with this guest until it is over. */
    void giveUp(Pending<?> call) {
        if (call.giveUp()) {
            late.add(uuid, call);
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
        change(
                "abort the job of",
                new Late.Stays("the job is one of ours, and nobody wants it to go on"),
                DomainControl::abortJob);
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
    void goOn() throws VmmigException {
        change(
                "resume",
                // A destination that gives this up, and not the guest, leaves it to a recovery, which resumes it.
                new Late.Stays("it was to run"),
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
                            // It runs already: libvirt itself resumes a guest whose save it could not finish.
                        }
                    }
                });
    }

    /** Makes the guest known to this host for longer than it runs. */
    void define(String domainXml) throws VmmigException {
        await(startOnHost("define", removal(), host -> host.define(domainXml).close()), calls.deadline());
    }

    /** Ends the guest and forgets its definition, whatever is left of either. */
    void remove() throws VmmigException {
        await(startOnHost("remove", removal(), this::removeIfThere), calls.deadline());
    }

    /** What ends what was given up here, whatever of it has come true. */
    Late removal() {
        return new Late.Then("remove " + name, this::removeIfThere);
    }

    private void removeIfThere(HostControl host) throws LibvirtError {
        try (DomainControl domain = host.domain(uuid)) {
            // The definition goes first: were we to stop in between, nobody could start the guest a second time.
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
