// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import com.google.gson.JsonObject;
import io.vmmig.lab.guest.ConsoleLog;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * How a guest's move from one host to another went.
 *
 * @param via {@code tls} or {@code file}
 * @param left the guest as it was at the source
 * @param arrived the guest as it is at the destination
 * @param sent the report of the source
 * @param received the report of the destination
 * @param continuity whether it lost anything
 */
public record MoveResult(
        String via, LabGuest left, LabGuest arrived, JsonObject sent, JsonObject received, Continuity continuity) {
    /** Whether nothing was lost. */
    public boolean whole() {
        return continuity.whole();
    }

    /** What it had printed at the source. */
    public ConsoleLog before() {
        return continuity.before();
    }

    /** The same, and what it has printed at the destination. */
    public ConsoleLog across() {
        return continuity.across();
    }

    /** Whether the checksum of its memory is unchanged. */
    public boolean memoryIntact() {
        return continuity.memoryIntact();
    }

    /** How many records are missing on its disks, all disks together. */
    public long diskRecordsLost() {
        return continuity.diskRecordsLost();
    }

    /** From the guest's pause at the source until it ran at the destination. */
    public long downtimeMillis() {
        return Duration.between(instant(sent, "suspendedAt"), instant(received, "resumedAt"))
                .toMillis();
    }

    /** From the start of the migration to its end at the source; with a file, until the guest was restored. */
    public long totalMillis() {
        long sending = sent.get("totalMillis").getAsLong();
        return via.equals("file") ? sending + received.get("totalMillis").getAsLong() : sending;
    }

    /** Memory and device state as QEMU wrote them. */
    public long saveImageBytes() {
        return sent.get("snapshotBytes").getAsLong();
    }

    /** The disks before compression. */
    public long diskBytes() {
        return sent.get("diskBytes").getAsLong();
    }

    /** The size of the package. */
    public long packageBytes() {
        return sent.get("packageBytes").getAsLong();
    }

    /** The last lines at the source. */
    public List<String> lastLines(int count) {
        List<String> lines = before().lines();
        return lines.subList(Math.max(0, lines.size() - count), lines.size());
    }

    /** The first lines at the destination; the very first may have begun at the source. */
    public List<String> firstLines(int count) {
        List<String> lines = across().lines();
        int start = before().lines().size();
        return lines.subList(start, Math.min(lines.size(), start + count));
    }

    /** The move as one entry of the demo's report. */
    public JsonObject toJson() {
        JsonObject json = new JsonObject();
        json.addProperty("from", left.host().name());
        json.addProperty("to", arrived.host().name());
        json.addProperty("via", via);
        json.addProperty("ticksLost", across().ticksLost());
        json.addProperty("ticksRepeated", across().ticksRepeated());
        json.addProperty("memoryIntact", memoryIntact());
        json.addProperty("diskRecordsLost", diskRecordsLost());
        json.addProperty("saveImageBytes", saveImageBytes());
        json.addProperty("packageBytes", packageBytes());
        json.addProperty("downtimeMillis", downtimeMillis());
        json.addProperty("totalMillis", totalMillis());
        return json;
    }

    private static Instant instant(JsonObject report, String key) {
        return Instant.parse(report.get(key).getAsString());
    }
}
