// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.PackageLimits;
import io.vmmig.domain.DomainPolicy;
import io.vmmig.domain.DomainSettings;
import io.vmmig.protection.PackageVerifier;
import io.vmmig.state.HostState;
import java.nio.file.Path;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** How guests are to be taken in. Immutable: each method that begins with {@code with} gives a changed copy. */
public final class ReceiveSettings {
    /** As a program takes them in that asks for nothing special. */
    public static final ReceiveSettings USUAL = new ReceiveSettings();

    private @Nullable Path guests;
    private @Nullable HostState state;
    private DomainSettings domain = DomainSettings.asSaved();
    private DomainPolicy policy = DomainPolicy.standard();
    private PackageLimits limits = PackageLimits.DEFAULT;
    private boolean overcommitMemory;
    private @Nullable PackageVerifier verifier;
    private @Nullable Semaphore limit;
    private Deadlines deadlines = Deadlines.USUAL;
    private boolean leaveClock;

    private ReceiveSettings() {}

    private ReceiveSettings(ReceiveSettings other) {
        guests = other.guests;
        state = other.state;
        domain = other.domain;
        policy = other.policy;
        limits = other.limits;
        overcommitMemory = other.overcommitMemory;
        verifier = other.verifier;
        limit = other.limit;
        deadlines = other.deadlines;
        leaveClock = other.leaveClock;
    }

    private ReceiveSettings with(Consumer<ReceiveSettings> change) {
        ReceiveSettings copy = new ReceiveSettings(this);
        change.accept(copy);
        return copy;
    }

    /** Where guests have their files, or null when that was not said. */
    public @Nullable Path guests() {
        return guests;
    }

    /** Where this host remembers what it does, or null when that was not said. */
    public @Nullable HostState state() {
        return state;
    }

    /** In what the guest is to differ. */
    public DomainSettings domain() {
        return domain;
    }

    /** What the guest may have. */
    public DomainPolicy policy() {
        return policy;
    }

    /** How large a package may be. */
    public PackageLimits limits() {
        return limits;
    }

    /** Whether guests are taken in for which there is no free memory. */
    public boolean overcommitMemory() {
        return overcommitMemory;
    }

    /** Whose packages are taken, or null for those of the host at the other end of a connection. */
    public @Nullable PackageVerifier verifier() {
        return verifier;
    }

    /** Has a permit for each guest that may come at once, or null for {@link ProgramLimits#COMING}. */
    public @Nullable Semaphore limit() {
        return limit;
    }

    /** How long it may take. */
    public Deadlines deadlines() {
        return deadlines;
    }

    /** Whether the clock of a guest is left as it is. */
    public boolean leaveClock() {
        return leaveClock;
    }

    /** With another {@link #guests()}. */
    public ReceiveSettings withGuests(Path value) {
        return with(copy -> copy.guests = value);
    }

    /** With another {@link #state()}. */
    public ReceiveSettings withState(HostState value) {
        return with(copy -> copy.state = value);
    }

    /** With another {@link #domain()}. */
    public ReceiveSettings withDomain(DomainSettings value) {
        return with(copy -> copy.domain = value);
    }

    /** With another {@link #policy()}. */
    public ReceiveSettings withPolicy(DomainPolicy value) {
        return with(copy -> copy.policy = value);
    }

    /** With another {@link #limits()}. */
    public ReceiveSettings withLimits(PackageLimits value) {
        return with(copy -> copy.limits = value);
    }

    /** With another {@link #overcommitMemory()}. */
    public ReceiveSettings withOvercommitMemory(boolean value) {
        return with(copy -> copy.overcommitMemory = value);
    }

    /** With another {@link #verifier()}. */
    public ReceiveSettings withVerifier(PackageVerifier value) {
        return with(copy -> copy.verifier = value);
    }

    /** With another {@link #limit()}. */
    public ReceiveSettings withLimit(Semaphore value) {
        return with(copy -> copy.limit = value);
    }

    /** With another {@link #deadlines()}. */
    public ReceiveSettings withDeadlines(Deadlines value) {
        return with(copy -> copy.deadlines = value);
    }

    /** With another {@link #leaveClock()}. */
    public ReceiveSettings withLeaveClock(boolean value) {
        return with(copy -> copy.leaveClock = value);
    }
}
