// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import io.vmmig.error.VmmigException;
import java.time.Instant;
import java.util.Set;

/** Whose signatures count, now: it is asked each time. Thread-safe. */
@FunctionalInterface
public interface AcceptedSigners {
    /** Anybody's. */
    static AcceptedSigners anybody() {
        return any -> true;
    }

    /** Those of these keys. */
    static AcceptedSigners of(Set<SignerKey> keys) {
        return Set.copyOf(keys)::contains;
    }

    /** Those of this host itself, by its present key, and by former ones until the day that it named for that when it renewed them. */
    static AcceptedSigners own(HostIdentity self) {
        return key -> self.signsWith(key, Instant.now());
    }

    /**
     * Those of the nodes that are in {@code store} when it is asked, by their present keys, and by former ones until the day that the
     * node named for that when it renewed them.
     */
    static AcceptedSigners in(NodeStore store) {
        return key -> store.find(key).isPresent();
    }

    /**
     * Whether signatures by {@code key} count.
     *
     * @throws VmmigException when that cannot be told; they do not count then
     */
    boolean accepts(SignerKey key) throws VmmigException;

    /** Those that count here or there. */
    default AcceptedSigners or(AcceptedSigners other) {
        return key -> accepts(key) || other.accepts(key);
    }

    /** Those that count both here and there. */
    default AcceptedSigners and(AcceptedSigners other) {
        return key -> accepts(key) && other.accepts(key);
    }
}
