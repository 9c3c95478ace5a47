// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import java.time.Clock;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which packages a destination takes, by who has signed them. Whatever it says, each signature has to be good and the chain
 * whole. Immutable; each method gives another policy.
 */
public final class SignaturePolicy {
    /** By how much the clocks of two hosts may differ. */
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
     * Packages for {@code self}, or for whoever gets them, that one of {@code signers} or {@code self} signed last, such as its own
     * backups; of any origin, age and past.
     *
     * @param self this host, by all fingerprints that it ever had
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

    /** Only guests that this host or one of {@code origins} signed first. */
    public SignaturePolicy comingFrom(AcceptedSigners origins) {
        return new SignaturePolicy(self, own, signers, own.or(origins), handlers, addressed, maxAge, clock);
    }

    /** Only guests that passed through no other hosts than this and {@code handlers} between the first and the last. */
    public SignaturePolicy handledBy(AcceptedSigners handlers) {
        return new SignaturePolicy(self, own, signers, origins, own.or(handlers), addressed, maxAge, clock);
    }

    /** Only packages that name this host as a recipient. */
    public SignaturePolicy addressedToUs() {
        return new SignaturePolicy(self, own, signers, origins, handlers, true, maxAge, clock);
    }

    /** Only packages that were signed no longer ago than this, give or take five minutes. */
    public SignaturePolicy notOlderThan(Duration age) {
        return new SignaturePolicy(
                self, own, signers, origins, handlers, addressed, Objects.requireNonNull(age), clock);
    }

    /** By this clock, for tests. */
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
