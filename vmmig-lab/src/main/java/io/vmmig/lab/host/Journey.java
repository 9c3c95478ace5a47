// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import com.google.gson.JsonObject;
import io.vmmig.lab.guest.ConsoleLog;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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
        String sum = guest.memorySum();
        Receiving receiving = to.receive(from.fingerprint(), Intake.usual().telling(event -> events.accept(to, event)));
        Move sending = from.migrate(guest.name(), receiving, event -> events.accept(from, event));
        JsonObject sent = sending.await();
        JsonObject received = receiving.move().await();
        return examine("tls", guest, sum, sent, received, receiving.guest(guest.name()));
    }

    /** Into a package file that only {@code to} can open, and out of it again. */
    public Passage throughFile(LabGuest guest, LabHost to, Path file) {
        LabHost from = guest.host();
        String sum = guest.memorySum();
        JsonObject sent = from.saveFor(List.of(to), guest.name(), file, false, event -> events.accept(from, event))
                .await();
        Restoring restoring = to.restore(file, Intake.usual().telling(event -> events.accept(to, event)));
        JsonObject received = restoring.move().await();
        return examine("file", guest, sum, sent, received, restoring.guest(guest.name()));
    }

    private static Passage examine(
            String via, LabGuest left, String sum, JsonObject sent, JsonObject received, LabGuest arrived) {
        byte[] leftBytes = left.console().bytes();
        arrived.ticking();
        boolean memoryIntact = arrived.memorySum().equals(sum);
        ConsoleLog across = ConsoleLog.of(List.of(leftBytes, arrived.console().bytes()));
        long recordsLost = across.recordsLost() + missing(across.lastRecord(), arrived.records());
        return new Passage(
                via,
                left,
                arrived,
                sent,
                received,
                ConsoleLog.of(List.of(leftBytes)),
                across,
                memoryIntact,
                recordsLost);
    }

    /** Records that the guest had announced and that are not on a disk. */
    private static long missing(long announced, Map<String, Long> onDisks) {
        return onDisks.values().stream()
                .mapToLong(onDisk -> Math.max(0, announced - Math.max(0, onDisk)))
                .sum();
    }
}
