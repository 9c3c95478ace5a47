// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import io.vmmig.VmmigException;
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

    /** Those of the nodes that are in {@code store} when it is asked, by their present and former keys. */
    static AcceptedSigners in(NodeStore store) {
        return key -> store.find(key).isPresent();
    }

    /**
     * Whether signatures by {@code key} count.
     *
     * @throws VmmigException when that cannot be told; they do not count then
     */
    boolean accepts(SignerKey key) throws VmmigException;
}
