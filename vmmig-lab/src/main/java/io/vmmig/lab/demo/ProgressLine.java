// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.demo;

import com.google.gson.JsonObject;
import io.vmmig.lab.Units;
import java.io.PrintStream;
import java.util.Locale;

/** Shows the progress of a migration: on a terminal one line that changes, elsewhere one line for each phase that moved bytes. */
final class ProgressLine {
    private static final int WIDTH = 30;

    private final PrintStream out;
    private final boolean terminal;
    private String shownPhase = "";
    private String last = "";

    ProgressLine(PrintStream out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    /** An event of the source. */
    synchronized void hear(JsonObject event) {
        if (!event.get("what").getAsString().equals("Progress")) {
            return;
        }
        String phase = event.get("phase").getAsString().toLowerCase(Locale.ROOT);
        String line = line(phase, event);
        if (!phase.equals(shownPhase)) {
            end();
            shownPhase = phase;
        }
        if (terminal) {
            out.print("\r" + line + " ".repeat(Math.max(0, last.length() - line.length())));
            out.flush();
        }
        last = line;
    }

    private static String line(String phase, JsonObject event) {
        long done = event.get("done").getAsLong();
        int filled = (int) (WIDTH * event.get("fraction").getAsDouble());
        String left = event.has("remainingMillis")
                ? "about " + Units.millis(event.get("remainingMillis").getAsLong()) + " left"
                : "";
        return String.format(
                Locale.ROOT,
                "    %-8s [%s%s] %9s at %s/s, %s",
                phase,
                "#".repeat(filled),
                "-".repeat(WIDTH - filled),
                Units.bytes(done),
                Units.bytes(event.get("rate").getAsLong()),
                left);
    }

    /** Leaves the last line as it is. */
    synchronized void end() {
        if (!last.isEmpty()) {
            out.println(terminal ? "" : last);
        }
        last = "";
        shownPhase = "";
    }
}
