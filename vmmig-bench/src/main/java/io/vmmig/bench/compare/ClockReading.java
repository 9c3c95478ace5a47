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
 * What time it was for a guest, and for us. Between two of them, that by which ours has gone on more is how long the guest stood
 * still, whoever stopped it, and however it came from one host to another.
 *
 * @param ours our time
 * @param uptimeMillis how long the guest says that it has been running
 */
record ClockReading(Instant ours, long uptimeMillis) {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Pattern TICK_AT_END = Pattern.compile("tick \\d+ (\\d+)\\.(\\d\\d)\\s*\\n\\z");
    private static final int TAIL = 80;

    /** Waits for a tick and reads when the guest wrote it. */
    static ClockReading of(Console console) {
        return Await.answer("a tick on " + console.file(), PATIENCE, () -> look(console));
    }

    /** Nothing, unless a tick is the last that was written. */
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

    /** How long the guest has stood still between then and this. */
    long standstillMillisSince(ClockReading then) {
        return Duration.between(then.ours, ours).toMillis() - (uptimeMillis - then.uptimeMillis);
    }
}
