// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import io.vmmig.error.VmmigException;
import java.util.Set;
import java.util.function.Consumer;

/** Which hosts are trusted, now: it is asked each time. Thread-safe. */
@FunctionalInterface
public interface TrustedNodes {
    /** These, and no other, for ever. */
    static TrustedNodes of(Set<Fingerprint> nodes) {
        return Set.copyOf(nodes)::contains;
    }

    /**
     * Whether the host with this fingerprint is trusted at this moment.
     *
     * @throws VmmigException when that cannot be told; the host is not trusted then
     */
    boolean trusts(Fingerprint node) throws VmmigException;

    /**
     * Tells {@code listener} from now on which hosts are not trusted any more, so that it can close what is open with them.
     * It is called by any thread, and should not take long. What is always the same never calls it.
     *
     * @return to be closed when nothing more is to be told
     * @throws VmmigException when changes cannot be watched
     */
    default Subscription onRemoval(Consumer<Fingerprint> listener) throws VmmigException {
        return () -> {};
    }

    /** Somebody who wants to be told. */
    @FunctionalInterface
    interface Subscription extends AutoCloseable {
        /** Tells no more. Idempotent. */
        @Override
        void close();
    }
}
