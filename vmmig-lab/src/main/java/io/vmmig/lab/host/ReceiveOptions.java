// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** How a host receives a guest. Immutable; each method returns a changed copy. */
public final class ReceiveOptions {
    private final GuestChanges changes;
    private final @Nullable Path guests;
    private final @Nullable Path state;
    private final @Nullable InjectionPoint stop;
    private final Consumer<JsonObject> events;

    private ReceiveOptions(
            GuestChanges changes,
            @Nullable Path guests,
            @Nullable Path state,
            @Nullable InjectionPoint stop,
            Consumer<JsonObject> events) {
        this.stop = stop;
        this.changes = changes;
        this.guests = guests;
        this.state = state;
        this.events = events;
    }

    /** Unchanged, into the host's directory of guests. */
    public static ReceiveOptions defaults() {
        return new ReceiveOptions(GuestChanges.none(), null, null, null, event -> {});
    }

    /** With these changes. */
    public ReceiveOptions changed(GuestChanges changes) {
        return new ReceiveOptions(changes, guests, state, stop, events);
    }

    /** Its files go to a directory in this one. */
    public ReceiveOptions into(Path guests) {
        return new ReceiveOptions(changes, guests, state, stop, events);
    }

    /** The host's state is there, and not in its own state directory. */
    public ReceiveOptions state(Path state) {
        return new ReceiveOptions(changes, guests, state, stop, events);
    }

    /** The destination's events go there. */
    public ReceiveOptions telling(Consumer<JsonObject> events) {
        return new ReceiveOptions(changes, guests, state, stop, events);
    }

    /** The destination waits at that point until it is told to continue. */
    public ReceiveOptions stoppingAt(InjectionPoint stop) {
        return new ReceiveOptions(changes, guests, state, stop, events);
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
