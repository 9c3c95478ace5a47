// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Function;

/** Moves lab guests from host to host, and checks that they lost nothing. */
public final class MoveScenario {
    private final BiConsumer<LabHost, JsonObject> events;

    private MoveScenario(BiConsumer<LabHost, JsonObject> events) {
        this.events = events;
    }

    /** Ignores events. */
    public static MoveScenario plain() {
        return new MoveScenario((host, event) -> {});
    }

    /** Sends the events of both ends to the listener. */
    public MoveScenario telling(BiConsumer<LabHost, JsonObject> listener) {
        return new MoveScenario(listener);
    }

    /** Over TLS, with that profile; listeners are told nothing of the source. */
    public MoveResult overTls(LabGuest guest, LabHost to, SendProfile profile) {
        return overTls(guest, to, receiving -> guest.host().migrate(guest.name(), receiving, profile));
    }

    /** Over TLS. */
    public MoveResult overTls(LabGuest guest, LabHost to) {
        LabHost from = guest.host();
        return overTls(
                guest, to, receiving -> from.migrate(guest.name(), receiving, event -> events.accept(from, event)));
    }

    private MoveResult overTls(LabGuest guest, LabHost to, Function<Receiving, Move> sender) {
        LabHost from = guest.host();
        Continuity.Departing departing = Continuity.of(guest);
        Receiving receiving =
                to.receive(from.fingerprint(), ReceiveOptions.defaults().telling(event -> events.accept(to, event)));
        JsonObject sent = sender.apply(receiving).await();
        JsonObject received = receiving.move().await();
        LabGuest arrived = receiving.guest(guest.name());
        return new MoveResult("tls", guest, arrived, sent, received, departing.at(arrived));
    }

    /** Into a package file that only {@code to} can open, and out of it again. */
    public MoveResult throughFile(LabGuest guest, LabHost to, Path file) {
        return throughFile(guest, to, file, List.of());
    }

    /** The same, with a file that is based on earlier ones, which both hosts can open. */
    public MoveResult throughFile(LabGuest guest, LabHost to, Path file, List<Path> earlier) {
        LabHost from = guest.host();
        Continuity.Departing departing = Continuity.of(guest);
        JsonObject sent = from.save(
                        guest.name(),
                        file,
                        earlier,
                        List.of(to),
                        false,
                        SendProfile.DEFAULT,
                        event -> events.accept(from, event))
                .await();
        Restoring restoring =
                to.restore(file, earlier, ReceiveOptions.defaults().telling(event -> events.accept(to, event)));
        JsonObject received = restoring.move().await();
        LabGuest arrived = restoring.guest(guest.name());
        return new MoveResult("file", guest, arrived, sent, received, departing.at(arrived));
    }
}
