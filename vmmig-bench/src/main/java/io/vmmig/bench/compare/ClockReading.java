// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import io.vmmig.lab.Await;
import io.vmmig.lab.LabException;
import io.vmmig.lab.guest.Console;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The guest's clock and ours at one time. Between two readings, the difference of the elapsed times is the guest's downtime,
 * whatever paused it and however it moved.
 *
 * @param ours the time on our clock
 * @param uptimeMillis the guest's own uptime
 */
record ClockReading(Instant ours, long uptimeMillis) {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Pattern TICK_AT_END = Pattern.compile("tick \\d+ (\\d+)\\.(\\d\\d)\\s*\\n\\z");
    private static final int TAIL = 80;

    /** Waits for a tick and reads when the guest wrote it. */
    static ClockReading of(Console console) {
        return Await.answer("a tick on " + console.file(), PATIENCE, () -> look(console));
    }

    /** Empty, unless a tick is the last line. */
    private static Optional<ClockReading> look(Console console) {
        try {
            FileTime written = Files.getLastModifiedTime(console.file());
            Optional<Long> uptime = uptimeMillis(console.bytes());
            return Files.getLastModifiedTime(console.file()).equals(written)
                    ? uptime.map(millis -> new ClockReading(written.toInstant(), millis))
                    : Optional.empty();
        } catch (IOException e) {
            throw new LabException("could not look at " + console.file(), e);
        }
    }

    static Optional<Long> uptimeMillis(byte[] printed) {
        int start = Math.max(0, printed.length - TAIL);
        String tail = new String(printed, start, printed.length - start, StandardCharsets.ISO_8859_1);
        Matcher tick = TICK_AT_END.matcher(tail);
        return tick.find()
                ? Optional.of(1000 * Long.parseLong(tick.group(1)) + 10 * Long.parseLong(tick.group(2)))
                : Optional.empty();
    }

    /** The guest's downtime between that reading and this one. */
    long standstillMillisSince(ClockReading then) {
        return Duration.between(then.ours, ours).toMillis() - (uptimeMillis - then.uptimeMillis);
    }
}
