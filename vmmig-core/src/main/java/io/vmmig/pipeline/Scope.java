// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.VmmigException;
import java.util.ArrayDeque;
import java.util.Deque;

/** The resources of a migration, all closed in reverse order, even if closing one fails. For one thread. */
final class Scope implements AutoCloseable {
    private final Deque<Work.Step> open = new ArrayDeque<>();

    /** Runs {@code closing} at the end. */
    void onClose(Work.Step closing) {
        open.push(closing);
    }

    /** Closes a resource. */
    @FunctionalInterface
    interface Closer<T> {
        void close(T opened) throws VmmigException;
    }

    /** Closes {@code opened} at the end. */
    <T> T add(T opened, Closer<? super T> closer) {
        onClose(() -> closer.close(opened));
        return opened;
    }

    /** Closes everything; throws the first failure, with the others suppressed. */
    @Override
    @SuppressWarnings("try") // The rest is closed whatever the first one throws.
    public void close() throws VmmigException {
        if (open.isEmpty()) {
            return;
        }
        try (Scope rest = this) {
            open.pop().run();
        }
    }
}
