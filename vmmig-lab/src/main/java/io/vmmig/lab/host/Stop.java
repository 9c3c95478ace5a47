// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import com.google.gson.JsonObject;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Hears that a migration waits at the {@link Moment} that it was given, and passes on all else. */
final class Stop {
    private final Consumer<JsonObject> others;
    private final CountDownLatch reached = new CountDownLatch(1);

    Stop(Consumer<JsonObject> others) {
        this.others = others;
    }

    void hear(JsonObject event) {
        if (event.has("reached")) {
            reached.countDown();
        } else {
            others.accept(event);
        }
    }

    boolean reachedWithin(long millis) throws InterruptedException {
        return reached.await(millis, TimeUnit.MILLISECONDS);
    }
}
