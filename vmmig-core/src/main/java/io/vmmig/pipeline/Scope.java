// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.VmmigException;
import java.util.ArrayDeque;
import java.util.Deque;

/** What a migration has opened: closed in reverse order, all of it, whatever fails. For one thread. */
final class Scope implements AutoCloseable {
    private final Deque<Closing> open = new ArrayDeque<>();

    @FunctionalInterface
    interface Closing {
        void close() throws VmmigException;
    }

    /** Has {@code closing} run at the end. */
    void onClose(Closing closing) {
        open.push(closing);
    }

    /** How something is closed. */
    @FunctionalInterface
    interface Closer<T> {
        void close(T opened) throws VmmigException;
    }

    /** Has {@code opened} closed at the end. */
    <T> T add(T opened, Closer<? super T> closer) {
        onClose(() -> closer.close(opened));
        return opened;
    }

    /** Throws the first failure, with all others suppressed. */
    @Override
    @SuppressWarnings("try") // The rest is closed whatever the first one throws.
    public void close() throws VmmigException {
        if (open.isEmpty()) {
            return;
        }
        try (Scope rest = this) {
            open.pop().close();
        }
    }
}
