// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.vmmig.bench.Load;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.ReceiveOptions;
import io.vmmig.lab.host.Receiving;
import io.vmmig.lab.host.SendProfile;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * vmmig over TLS.
 *
 * @param word what it is called on the command line
 * @param title what people call it
 * @param profile its settings
 * @param kind whether this is the guest's first move
 */
record ByVmmig(String word, String title, SendProfile profile, Kind kind) implements MigrationMethod {
    /** To a host that has only the guest's base image. */
    static ByVmmig first(String word, SendProfile profile) {
        return new ByVmmig("vmmig-" + word, "vmmig, " + profile.title(), profile, Kind.VMMIG_FIRST);
    }

    /** Back to the source, after ten seconds. */
    static ByVmmig back() {
        return new ByVmmig("vmmig-back", "vmmig, way back after 10 s", SendProfile.DEFAULT, Kind.VMMIG_BACK);
    }

    @Override
    public void setUp(Ground ground) {
        ground.forgetPackages();
    }

    @Override
    public LabGuest approach(LabGuest guest, Subject subject, Ground ground) {
        if (kind == Kind.VMMIG_FIRST) {
            return guest;
        }
        LabGuest there = move(guest, subject, ground.b(), ground).guest();
        Load.rest(there);
        return there;
    }

    @Override
    public Moved move(LabGuest guest, Subject subject, LabHost to, Ground ground) {
        LabHost from = guest.host();
        Receiving receiving = to.receive(from.fingerprint(), ReceiveOptions.defaults());
        JsonObject sent = from.migrate(guest.name(), receiving, profile).await();
        JsonObject received = receiving.move().await();
        Instant start = instant(sent, "startedAt");
        long suspended = Duration.between(start, instant(sent, "suspendedAt")).toMillis();
        long resumed = Duration.between(start, instant(received, "resumedAt")).toMillis();
        long travelled = endOf(sent, "SNAPSHOT");
        return new Moved(
                receiving.guest(guest.name()),
                suspended,
                Math.max(0, travelled - suspended),
                Math.max(0, resumed - travelled),
                sent.get("packageBytes").getAsLong(),
                Map.of("source", sent, "destination", received));
    }

    private static long endOf(JsonObject report, String phase) {
        List<JsonElement> phases = report.getAsJsonArray("phases").asList();
        return phases.stream()
                .map(JsonElement::getAsJsonObject)
                .filter(each -> each.get("phase").getAsString().equals(phase))
                .mapToLong(each -> each.get("startMillis").getAsLong()
                        + each.get("lengthMillis").getAsLong())
                .max()
                .orElse(0);
    }

    private static Instant instant(JsonObject report, String key) {
        return Instant.parse(report.get(key).getAsString());
    }
}
