// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BiConsumer;

/** Moves lab guests from host to host, and looks closely at how they fared. */
public final class Journey {
    private final BiConsumer<LabHost, JsonObject> events;

    private Journey(BiConsumer<LabHost, JsonObject> events) {
        this.events = events;
    }

    /** Nobody hears of its events. */
    public static Journey plain() {
        return new Journey((host, event) -> {});
    }

    /** The source's and the destination's events go there. */
    public Journey telling(BiConsumer<LabHost, JsonObject> listener) {
        return new Journey(listener);
    }

    /** Over TLS. */
    public Passage overTls(LabGuest guest, LabHost to) {
        LabHost from = guest.host();
        Continuity.Departing departing = Continuity.of(guest);
        Receiving receiving = to.receive(from.fingerprint(), Intake.usual().telling(event -> events.accept(to, event)));
        Move sending = from.migrate(guest.name(), receiving, event -> events.accept(from, event));
        JsonObject sent = sending.await();
        JsonObject received = receiving.move().await();
        LabGuest arrived = receiving.guest(guest.name());
        return new Passage("tls", guest, arrived, sent, received, departing.at(arrived));
    }

    /** Into a package file that only {@code to} can open, and out of it again. */
    public Passage throughFile(LabGuest guest, LabHost to, Path file) {
        LabHost from = guest.host();
        Continuity.Departing departing = Continuity.of(guest);
        JsonObject sent = from.saveFor(List.of(to), guest.name(), file, false, event -> events.accept(from, event))
                .await();
        Restoring restoring = to.restore(file, Intake.usual().telling(event -> events.accept(to, event)));
        JsonObject received = restoring.move().await();
        LabGuest arrived = restoring.guest(guest.name());
        return new Passage("file", guest, arrived, sent, received, departing.at(arrived));
    }
}
