// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.PackageLimits;
import io.vmmig.domain.DomainPolicy;
import io.vmmig.domain.DomainSettings;
import io.vmmig.protection.PackageVerifier;
import io.vmmig.state.HostState;
import java.nio.file.Path;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * How guests are to be taken in.
 *
 * @param guests where guests have their files, or null when that was not said
 * @param state where this host remembers what it does, or null when that was not said
 * @param domain in what the guest is to differ
 * @param policy what the guest may have
 * @param limits how large a package may be
 * @param overcommitMemory whether guests are taken in for which there is no free memory
 * @param verifier whose packages are taken, or null for those of whoever is at the other end of a connection
 * @param limit has a permit for each guest that may come at once, or null for {@link ProgramLimits#COMING}
 * @param deadlines how long it may take
 * @param leaveClock whether the clock of a guest is left as it is
 */
public record ReceiveSettings(
        @Nullable Path guests,
        @Nullable HostState state,
        DomainSettings domain,
        DomainPolicy policy,
        PackageLimits limits,
        boolean overcommitMemory,
        @Nullable PackageVerifier verifier,
        @Nullable Semaphore limit,
        Deadlines deadlines,
        boolean leaveClock) {
    /** As a program takes them in that asks for nothing special. */
    public static final ReceiveSettings USUAL = new ReceiveSettings(
            null,
            null,
            DomainSettings.asSaved(),
            DomainPolicy.standard(),
            PackageLimits.DEFAULT,
            false,
            null,
            null,
            Deadlines.USUAL,
            false);

    /** With another {@link #guests}. */
    public ReceiveSettings withGuests(Path guests) {
        return new ReceiveSettings(
                guests, state, domain, policy, limits, overcommitMemory, verifier, limit, deadlines, leaveClock);
    }

    /** With another {@link #state}. */
    public ReceiveSettings withState(HostState state) {
        return new ReceiveSettings(
                guests, state, domain, policy, limits, overcommitMemory, verifier, limit, deadlines, leaveClock);
    }

    /** With another {@link #domain}. */
    public ReceiveSettings withDomain(DomainSettings domain) {
        return new ReceiveSettings(
                guests, state, domain, policy, limits, overcommitMemory, verifier, limit, deadlines, leaveClock);
    }

    /** With another {@link #policy}. */
    public ReceiveSettings withPolicy(DomainPolicy policy) {
        return new ReceiveSettings(
                guests, state, domain, policy, limits, overcommitMemory, verifier, limit, deadlines, leaveClock);
    }

    /** With another {@link #limits}. */
    public ReceiveSettings withLimits(PackageLimits limits) {
        return new ReceiveSettings(
                guests, state, domain, policy, limits, overcommitMemory, verifier, limit, deadlines, leaveClock);
    }

    /** With another {@link #overcommitMemory}. */
    public ReceiveSettings withOvercommitMemory(boolean overcommitMemory) {
        return new ReceiveSettings(
                guests, state, domain, policy, limits, overcommitMemory, verifier, limit, deadlines, leaveClock);
    }

    /** With another {@link #verifier}. */
    public ReceiveSettings withVerifier(PackageVerifier verifier) {
        return new ReceiveSettings(
                guests, state, domain, policy, limits, overcommitMemory, verifier, limit, deadlines, leaveClock);
    }

    /** With another {@link #limit}. */
    public ReceiveSettings withLimit(Semaphore limit) {
        return new ReceiveSettings(
                guests, state, domain, policy, limits, overcommitMemory, verifier, limit, deadlines, leaveClock);
    }

    /** With other {@link #deadlines}. */
    public ReceiveSettings withDeadlines(Deadlines deadlines) {
        return new ReceiveSettings(
                guests, state, domain, policy, limits, overcommitMemory, verifier, limit, deadlines, leaveClock);
    }

    /** With another {@link #leaveClock}. */
    public ReceiveSettings withLeaveClock(boolean leaveClock) {
        return new ReceiveSettings(
                guests, state, domain, policy, limits, overcommitMemory, verifier, limit, deadlines, leaveClock);
    }
}
