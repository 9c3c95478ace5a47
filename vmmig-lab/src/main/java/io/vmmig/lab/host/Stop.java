// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import io.vmmig.report.Notice;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Listens for a migration's notices and for its arrival at its {@link InjectionPoint}; passes on all other events. */
final class Stop {
    private final Consumer<JsonObject> others;
    private final CountDownLatch reached = new CountDownLatch(1);
    private final List<Notice> notices = new CopyOnWriteArrayList<>();

    Stop(Consumer<JsonObject> others) {
        this.others = others;
    }

    void hear(JsonObject event) {
        if (event.has("reached")) {
            reached.countDown();
        } else {
            if (event.has("notice")) {
                notices.add(new Gson().fromJson(event.get("notice"), Notice.class));
            }
            others.accept(event);
        }
    }

    List<Notice> notices() {
        return List.copyOf(notices);
    }

    boolean reachedWithin(long millis) throws InterruptedException {
        return reached.await(millis, TimeUnit.MILLISECONDS);
    }
}
