// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.size;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.vmmig.bench.Stopwatch;
import io.vmmig.lab.LabException;
import io.vmmig.lab.Units;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.SendProfile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.StreamSupport;

/**
 * The result of a migration with vmmig.
 *
 * @param millis how long it took for the caller
 * @param downtimeMillis the downtime
 * @param report the report of the source
 */
record Sent(long millis, long downtimeMillis, JsonObject report) {
    /** The old method leaves them out as well. */
    private static final Set<String> BOOT_FILES = Set.of("kernel", "ramdisk");

    /** Writes the guest to a package file; the guest stays where it is. */
    static Sent toFile(LabGuest guest, SendProfile profile, Path scratch) {
        Path file = scratch.resolve("new.vmmig");
        Stopwatch watch = new Stopwatch();
        JsonObject report = guest.host()
                .save(guest.name(), file, true, profile, event -> {})
                .await();
        long millis = watch.millis();
        try {
            long packageBytes = report.get("packageBytes").getAsLong();
            if (profile.sealed() ? Files.size(file) <= packageBytes : Files.size(file) != packageBytes) {
                throw new LabException("the package is not as large as its report says: " + file);
            }
            Files.delete(file);
        } catch (IOException e) {
            throw new LabException("there is no " + file, e);
        }
        guest.ticking();
        return new Sent(millis, report.get("downtimeMillis").getAsLong(), report);
    }

    /** The same for a guest that moved to another host, from both reports. */
    static Sent toHost(long millis, JsonObject sent, JsonObject received) {
        Duration downtime = Duration.between(instant(sent, "suspendedAt"), instant(received, "resumedAt"));
        return new Sent(millis, downtime.toMillis(), sent);
    }

    private static Instant instant(JsonObject report, String key) {
        return Instant.parse(report.get(key).getAsString());
    }

    /** The package, without kernel and ramdisk where they are in it. */
    long packageBytes() {
        return report.get("packageBytes").getAsLong() - contents("storedBytes", true);
    }

    /** From the request until the complete package is on the disk; the guest continues or ends after that. */
    long packageMillis() {
        return phases().stream()
                .filter(phase -> phase.get("phase").getAsString().equals("COMMIT"))
                .mapToLong(phase -> phase.get("startMillis").getAsLong()
                        + phase.get("lengthMillis").getAsLong())
                .findFirst()
                .orElse(millis);
    }

    /** The size of memory and disks before packing. */
    private long packedBytes() {
        return report.get("snapshotBytes").getAsLong() + report.get("diskBytes").getAsLong() + contents("bytes", true);
    }

    private long contents(String key, boolean bootFiles) {
        return StreamSupport.stream(report.getAsJsonArray("contents").spliterator(), false)
                .map(JsonElement::getAsJsonObject)
                .filter(content -> BOOT_FILES.contains(content.get("name").getAsString()) == bootFiles)
                .mapToLong(content -> content.get(key).getAsLong())
                .sum();
    }

    private double megabytesPerSecond() {
        long packing = phases().stream()
                .filter(phase ->
                        Set.of("DISKS", "SNAPSHOT").contains(phase.get("phase").getAsString()))
                .mapToLong(phase -> phase.get("lengthMillis").getAsLong())
                .sum();
        return packedBytes() / 1e3 / Math.max(1, packing);
    }

    private List<JsonObject> phases() {
        List<JsonObject> phases = new ArrayList<>();
        report.getAsJsonArray("phases").forEach(phase -> phases.add(phase.getAsJsonObject()));
        return phases;
    }

    String line(String title, OldWay old) {
        StringBuilder line = new StringBuilder(String.format(
                Locale.ROOT,
                "    %-18s package %s (%.4f of the zip) after %s; downtime %s; %.0f MB/s%n    %-18s",
                title,
                Units.bytes(packageBytes()),
                ratioTo(old),
                Units.millis(packageMillis()),
                Units.millis(downtimeMillis),
                megabytesPerSecond(),
                ""));
        String separator = " ";
        for (JsonObject phase : phases()) {
            line.append(separator)
                    .append(phase.get("phase").getAsString().toLowerCase(Locale.ROOT))
                    .append(' ')
                    .append(Units.millis(phase.get("lengthMillis").getAsLong()));
            separator = ", ";
        }
        return line.toString();
    }

    double ratioTo(OldWay old) {
        return packageBytes() / (double) old.zipBytes();
    }

    JsonObject toJson() {
        JsonObject json = new JsonObject();
        json.addProperty("packageBytes", packageBytes());
        json.addProperty("millis", millis);
        json.addProperty("packageMillis", packageMillis());
        json.addProperty("downtimeMillis", downtimeMillis);
        json.addProperty("megabytesPerSecond", megabytesPerSecond());
        json.add("report", report);
        return json;
    }
}
