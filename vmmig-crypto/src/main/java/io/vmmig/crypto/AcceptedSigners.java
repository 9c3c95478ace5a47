// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import io.vmmig.error.VmmigException;
import java.time.Instant;
import java.util.Set;

/** Decides whose signatures count; asked for each signature. Thread-safe. */
@FunctionalInterface
public interface AcceptedSigners {
    /** Anybody's. */
    static AcceptedSigners anybody() {
        return any -> true;
    }

    /** Accepts these keys. */
    static AcceptedSigners of(Set<SignerKey> keys) {
        return Set.copyOf(keys)::contains;
    }

    /** Accepts this host itself: its current key, and previous ones until the day that it named when it renewed them. */
    static AcceptedSigners own(HostIdentity self) {
        return key -> self.signsWith(key, Instant.now());
    }

    /**
     * Accepts the nodes that are in {@code store} when asked: their current keys, and previous ones until the day that the node
     * named when it renewed them.
     */
    static AcceptedSigners in(NodeStore store) {
        return key -> store.find(key).isPresent();
    }

    /**
     * Whether signatures by {@code key} are accepted.
     *
     * @throws VmmigException when that cannot be determined; they are not accepted then
     */
    boolean accepts(SignerKey key) throws VmmigException;

    /** Accepts what either accepts. */
    default AcceptedSigners or(AcceptedSigners other) {
        return key -> accepts(key) || other.accepts(key);
    }

    /** Accepts what both accept. */
    default AcceptedSigners and(AcceptedSigners other) {
        return key -> accepts(key) && other.accepts(key);
    }
}
