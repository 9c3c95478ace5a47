// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import io.vmmig.error.VmmigException;
import java.util.Set;
import java.util.function.Consumer;

/** Decides which hosts are trusted; asked each time. Thread-safe. */
@FunctionalInterface
public interface TrustedNodes {
    /** Trusts exactly these hosts, for ever. */
    static TrustedNodes of(Set<Fingerprint> nodes) {
        return Set.copyOf(nodes)::contains;
    }

    /**
     * Whether the host with this fingerprint is trusted now.
     *
     * @throws VmmigException when that cannot be determined; the host is not trusted then
     */
    boolean trusts(Fingerprint node) throws VmmigException;

    /**
     * Tells {@code listener} from now on about hosts that are no longer trusted, so that it can close connections with them. It
     * is called by any thread, and should return soon. A fixed set never calls it.
     *
     * @return a handle; close it to stop listening
     * @throws VmmigException when changes cannot be watched
     */
    default Subscription onRemoval(Consumer<Fingerprint> listener) throws VmmigException {
        return () -> {};
    }

    /** A registered listener. */
    @FunctionalInterface
    interface Subscription extends AutoCloseable {
        /** Stops listening. Idempotent. */
        @Override
        void close();
    }
}
