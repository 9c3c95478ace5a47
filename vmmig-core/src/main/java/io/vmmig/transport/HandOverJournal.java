// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.error.VmmigException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * What a transport records of one hand-over in the source's journal, before each step that it could not tell otherwise after a crash.
 * Thread-safe.
 */
public interface HandOverJournal {
    /** The most that can be recorded at once, in characters. */
    int MAX_LENGTH = 1024;

    /** Whether the guest leaves its source with this; if not, what is sent is a copy, and nobody waits for the outcome. */
    default boolean givesTheGuestAway() {
        return true;
    }

    /** What was recorded last; empty if nothing was. */
    Optional<String> latest();

    /**
     * Records what counts from now on, in the place of what was recorded before; it is durable when this returns.
     *
     * @param entry printable ASCII, {@link #MAX_LENGTH} characters at most
     */
    void record(String entry) throws VmmigException;

    /** One that is lost with this process, for a source that records nothing. */
    static HandOverJournal inMemory() {
        AtomicReference<@Nullable String> entry = new AtomicReference<>();
        return new HandOverJournal() {
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
