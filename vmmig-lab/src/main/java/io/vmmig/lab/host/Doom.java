// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import com.google.gson.JsonObject;
import io.vmmig.lab.Trees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * When a host's agent is to die on the spot in the middle of a migration, as by {@code kill -9}.
 *
 * @param phase when this phase begins, or null
 * @param noted when this step has been noted in a journal, or null
 */
public record Doom(@Nullable String phase, @Nullable String noted) {
    private static final int KILLED = 137;
    private static final long GLANCE_NANOS = 50_000;

    /** It lives. */
    public static Doom never() {
        return new Doom(null, null);
    }

    /** When a phase begins. */
    public static Doom in(String phase) {
        return new Doom(phase, null);
    }

    /** Right after a step was noted. */
    public static Doom afterNoting(String step) {
        return new Doom(null, step);
    }

    void addTo(JsonObject command) {
        if (phase != null) {
            command.addProperty("dieIn", phase);
        }
        if (noted != null) {
            command.addProperty("dieWhenNoted", noted);
        }
    }

    static Doom of(JsonObject command) {
        return new Doom(
                command.has("dieIn") ? command.get("dieIn").getAsString() : null,
                command.has("dieWhenNoted") ? command.get("dieWhenNoted").getAsString() : null);
    }

    /** Dies if the time has come. */
    void hear(JsonObject event) {
        if (event.get("what").getAsString().equals("PhaseStarted")
                && event.get("phase").getAsString().equals(phase)) {
            Runtime.getRuntime().halt(KILLED);
        }
    }

    /** Looks at the journals until the time has come. */
    void watch(Path journals) {
        if (noted == null) {
            return;
        }
        Thread watch = new Thread(
                () -> {
                    while (!isNoted(journals)) {
                        LockSupport.parkNanos(GLANCE_NANOS);
                    }
                    Runtime.getRuntime().halt(KILLED);
                },
                "doom");
        watch.setDaemon(true);
        watch.start();
    }

    private boolean isNoted(Path journals) {
        try {
            for (Path journal : Trees.list(journals)) {
                if (Files.readString(journal).endsWith("{\"state\":\"" + noted + "\"}\n")) {
                    return true;
                }
            }
        } catch (IOException e) {
            // One has just gone.
        }
        return false;
    }
}
