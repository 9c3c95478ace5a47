// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.error.VmmigException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Where a transport records the progress of one hand-over, in the source's journal. It records each step beforehand whose outcome it could
 * not determine otherwise after a crash. Thread-safe.
 */
public interface HandOverJournal {
    /** The maximum length of an entry, in characters. */
    int MAX_LENGTH = 1024;

    /** Whether the guest leaves its source with this hand-over. If not, the package is a copy, and nobody waits for the outcome. */
    default boolean givesTheGuestAway() {
        return true;
    }

    /** The latest entry; empty if there is none. */
    Optional<String> latest();

    /**
     * Replaces the previous entry. The new one is durable when this returns.
     *
     * @param entry printable ASCII, {@link #MAX_LENGTH} characters at most
     */
    void record(String entry) throws VmmigException;

    /** A journal in memory, lost with this process, for a source that records nothing. */
    static HandOverJournal inMemory() {
        return inMemory(true);
    }

    /** As {@link #inMemory()}, with the value of {@link #givesTheGuestAway()}. */
    static HandOverJournal inMemory(boolean givesTheGuestAway) {
        AtomicReference<@Nullable String> entry = new AtomicReference<>();
        return new HandOverJournal() {
            @Override
            public boolean givesTheGuestAway() {
                return givesTheGuestAway;
            }

            @Override
            public Optional<String> latest() {
                return Optional.ofNullable(entry.get());
            }

            @Override
            public void record(String text) {
                entry.set(text);
            }
        };
    }
}
