// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** How a host is to take a guest in. Immutable; each method gives a changed copy. */
public final class Intake {
    private final GuestChanges changes;
    private final @Nullable Path guests;
    private final @Nullable Path state;
    private final @Nullable Moment stop;
    private final Consumer<JsonObject> events;

    private Intake(
            GuestChanges changes,
            @Nullable Path guests,
            @Nullable Path state,
            @Nullable Moment stop,
            Consumer<JsonObject> events) {
        this.stop = stop;
        this.changes = changes;
        this.guests = guests;
        this.state = state;
        this.events = events;
    }

    /** As it was, to where the host keeps its guests. */
    public static Intake usual() {
        return new Intake(GuestChanges.none(), null, null, null, event -> {});
    }

    /** With these changes. */
    public Intake changed(GuestChanges changes) {
        return new Intake(changes, guests, state, stop, events);
    }

    /** Its files go to a directory in this one. */
    public Intake into(Path guests) {
        return new Intake(changes, guests, state, stop, events);
    }

    /** What the host remembers is there, and not in its own state directory. */
    public Intake state(Path state) {
        return new Intake(changes, guests, state, stop, events);
    }

    /** The destination's events go there. */
    public Intake telling(Consumer<JsonObject> events) {
        return new Intake(changes, guests, state, stop, events);
    }

    /** It waits at that moment until it is told to go on. */
    public Intake stoppingAt(Moment stop) {
        return new Intake(changes, guests, state, stop, events);
    }

    Consumer<JsonObject> events() {
        return events;
    }

    void addTo(JsonObject command, LabHost host) {
        if (stop != null) {
            command.addProperty("stopAt", stop.name());
        }
        command.add("changes", changes.json());
        command.addProperty("guests", (guests == null ? host.guestsDirectory() : guests).toString());
        if (state != null) {
            command.addProperty("state", state.toString());
        }
    }
}
