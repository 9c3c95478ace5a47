// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.size;

import com.google.gson.JsonObject;
import io.vmmig.bench.Stopwatch;
import io.vmmig.lab.Command;
import io.vmmig.lab.LabException;
import io.vmmig.lab.Units;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.SaveImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * The method without vmmig: {@code virsh save}, uncompressed, then {@code zip -9} of the save image and the overlay.
 *
 * @param saveImageBytes the size of the save image
 * @param overlayBytes the size of the overlay
 * @param zipBytes the size of both in a zip
 * @param saveMillis how long {@code virsh save} took
 * @param zipMillis how long {@code zip} took
 */
record OldWay(long saveImageBytes, long overlayBytes, long zipBytes, long saveMillis, long zipMillis) {
    private static final Duration ZIP_TIME = Duration.ofMinutes(30);

    /** Saves the guest, packs its files, and restores it. */
    static OldWay of(LabGuest guest, Path scratch) {
        Path overlay = guest.host().diskOf(guest.name(), "vda");
        Path zip = scratch.resolve("old.zip");
        Stopwatch save = new Stopwatch();
        SaveImage saved = SaveImage.of(guest, scratch.resolve("save-image"));
        long saveMillis = save.millis();
        Path saveImage = saved.file();
        Stopwatch pack = new Stopwatch();
        Command.of("zip", "-9", "-q", "-j", zip.toString(), saveImage.toString(), overlay.toString())
                .run(ZIP_TIME);
        long zipMillis = pack.millis();
        OldWay result = new OldWay(size(saveImage), size(overlay), size(zip), saveMillis, zipMillis);
        saved.restore();
        delete(zip);
        delete(saveImage);
        guest.ticking();
        return result;
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw new LabException("there is no " + file, e);
        }
    }

    private static void delete(Path file) {
        try {
            Files.delete(file);
        } catch (IOException e) {
            throw new LabException("could not delete " + file, e);
        }
    }

    long wholeMillis() {
        return saveMillis + zipMillis;
    }

    String line() {
        return String.format(
                "    %-18s save image %s and overlay %s → zip %s; %s + %s",
                "virsh save, zip -9",
                Units.bytes(saveImageBytes),
                Units.bytes(overlayBytes),
                Units.bytes(zipBytes),
                Units.millis(saveMillis),
                Units.millis(zipMillis));
    }

    JsonObject toJson() {
        JsonObject json = new JsonObject();
        json.addProperty("saveImageBytes", saveImageBytes);
        json.addProperty("overlayBytes", overlayBytes);
        json.addProperty("zipBytes", zipBytes);
        json.addProperty("saveMillis", saveMillis);
        json.addProperty("zipMillis", zipMillis);
        return json;
    }
}
