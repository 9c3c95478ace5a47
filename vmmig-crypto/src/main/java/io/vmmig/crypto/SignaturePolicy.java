// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import java.time.Clock;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Decides by their signatures which packages a destination accepts. In any case, each signature has to be valid and the chain
 * complete. Immutable; each method returns another policy.
 */
public final class SignaturePolicy {
    /** The tolerated difference between the clocks of two hosts. */
    static final Duration CLOCK_SKEW = Duration.ofMinutes(5);

    private final Set<Fingerprint> self;
    private final AcceptedSigners own;
    private final AcceptedSigners signers;
    private final AcceptedSigners origins;
    private final AcceptedSigners handlers;
    private final boolean addressed;
    private final @Nullable Duration maxAge;
    private final Clock clock;

    private SignaturePolicy(
            Set<Fingerprint> self,
            AcceptedSigners own,
            AcceptedSigners signers,
            AcceptedSigners origins,
            AcceptedSigners handlers,
            boolean addressed,
            @Nullable Duration maxAge,
            Clock clock) {
        this.self = self;
        this.own = own;
        this.signers = signers;
        this.origins = origins;
        this.handlers = handlers;
        this.addressed = addressed;
        this.maxAge = maxAge;
        this.clock = clock;
    }

    /**
     * Accepts packages for {@code self}, or without recipients, that one of {@code signers} or {@code self} signed last; of any
     * origin, age and history.
     *
     * @param self this host, with all fingerprints that it has ever had
     */
    public static SignaturePolicy of(HostIdentity self, AcceptedSigners signers) {
        AcceptedSigners own = AcceptedSigners.own(self);
        return new SignaturePolicy(
                Set.copyOf(self.fingerprints()),
                own,
                own.or(signers),
                AcceptedSigners.anybody(),
                AcceptedSigners.anybody(),
                false,
                null,
                Clock.systemUTC());
    }

    /** Accepts only guests that this host or one of {@code origins} signed first. */
    public SignaturePolicy comingFrom(AcceptedSigners origins) {
        return new SignaturePolicy(self, own, signers, own.or(origins), handlers, addressed, maxAge, clock);
    }

    /** Accepts only guests that passed through no hosts but this one and {@code handlers} between the first and the last. */
    public SignaturePolicy handledBy(AcceptedSigners handlers) {
        return new SignaturePolicy(self, own, signers, origins, own.or(handlers), addressed, maxAge, clock);
    }

    /** Accepts only packages that name this host as a recipient. */
    public SignaturePolicy addressedToUs() {
        return new SignaturePolicy(self, own, signers, origins, handlers, true, maxAge, clock);
    }

    /** Accepts only packages that were signed no longer ago than this, give or take five minutes. */
    public SignaturePolicy notOlderThan(Duration age) {
        return new SignaturePolicy(
                self, own, signers, origins, handlers, addressed, Objects.requireNonNull(age), clock);
    }

    /** With this clock, for tests. */
    SignaturePolicy by(Clock clock) {
        return new SignaturePolicy(self, own, signers, origins, handlers, addressed, maxAge, clock);
    }

    boolean isFor(ProvenanceLink last) {
        return last.recipients().isEmpty()
                ? !addressed
                : last.recipients().stream().anyMatch(self::contains);
    }

    AcceptedSigners signers() {
        return signers;
    }

    AcceptedSigners origins() {
        return origins;
    }

    AcceptedSigners handlers() {
        return handlers;
    }

    @Nullable
    Duration maxAge() {
        return maxAge;
    }

    Clock clock() {
        return clock;
    }
}
