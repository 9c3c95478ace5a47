// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;

/** The only place in the lab that polls, for conditions that nothing announces. */
public final class Await {
    private static final long INTERVAL_MILLIS = 20;

    private Await() {}

    /**
     * Polls until there is an answer.
     *
     * @param what what is awaited, for the error message
     * @throws LabException on timeout
     */
    public static <T> T answer(String what, Duration atMost, Callable<Optional<T>> question) {
        long deadline = System.nanoTime() + atMost.toNanos();
        while (true) {
            Optional<T> answer = ask(what, question);
            if (answer.isPresent()) {
                return answer.get();
            }
            if (System.nanoTime() >= deadline) {
                throw new LabException("timed out waiting for " + atMost.toSeconds() + " s: " + what);
            }
            pause();
        }
    }

    /** Polls until the condition holds. */
    public static void until(String what, Duration atMost, Callable<Boolean> question) {
        answer(what, atMost, () -> question.call() ? Optional.of(true) : Optional.empty());
    }

    private static <T> Optional<T> ask(String what, Callable<Optional<T>> question) {
        try {
            return question.call();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new LabException("could not check: " + what, e);
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
