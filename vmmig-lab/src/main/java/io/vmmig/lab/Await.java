// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;

/** The one place where the lab waits for something that tells nobody when it happens. */
public final class Await {
    private static final long INTERVAL_MILLIS = 20;

    private Await() {}

    /**
     * Asks until there is an answer.
     *
     * @param what what is awaited, for the message
     * @throws LabException when there is none in time
     */
    public static <T> T answer(String what, Duration atMost, Callable<Optional<T>> question) {
        long deadline = System.nanoTime() + atMost.toNanos();
        while (true) {
            Optional<T> answer = ask(what, question);
            if (answer.isPresent()) {
                return answer.get();
            }
            if (System.nanoTime() >= deadline) {
                throw new LabException("waited in vain for " + atMost.toSeconds() + " s: " + what);
            }
            pause();
        }
    }

    /** Asks until the answer is yes. */
    public static void until(String what, Duration atMost, Callable<Boolean> question) {
        answer(what, atMost, () -> question.call() ? Optional.of(true) : Optional.empty());
    }

    private static <T> Optional<T> ask(String what, Callable<Optional<T>> question) {
        try {
            return question.call();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new LabException("could not find out: " + what, e);
        }
    }

    private static void pause() {
        try {
            Thread.sleep(INTERVAL_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LabException("interrupted", e);
        }
    }
}
