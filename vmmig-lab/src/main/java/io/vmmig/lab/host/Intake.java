// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** How a host is to take a guest in. Immutable; each method gives a changed copy. */
public final class Intake {
    private final GuestChanges changes;
    private final @Nullable Path guests;
    private final @Nullable Path images;
    private final Doom doom;
    private final @Nullable Duration resuming;
    private final Consumer<JsonObject> events;

    private Intake(
            GuestChanges changes,
            @Nullable Path guests,
            @Nullable Path images,
            Doom doom,
            @Nullable Duration resuming,
            Consumer<JsonObject> events) {
        this.doom = doom;
        this.resuming = resuming;
        this.changes = changes;
        this.guests = guests;
        this.images = images;
        this.events = events;
    }

    /** As it was, to where the host keeps its guests. */
    public static Intake usual() {
        return new Intake(GuestChanges.none(), null, null, Doom.never(), null, event -> {});
    }

    /** With these changes. */
    public Intake changed(GuestChanges changes) {
        return new Intake(changes, guests, images, doom, resuming, events);
    }

    /** Its files go to a directory in this one. */
    public Intake into(Path guests) {
        return new Intake(changes, guests, images, doom, resuming, events);
    }

    /** Base images are in this store, and not in the host's own. */
    public Intake images(Path images) {
        return new Intake(changes, guests, images, doom, resuming, events);
    }

    /** The destination's events go there. */
    public Intake telling(Consumer<JsonObject> events) {
        return new Intake(changes, guests, images, doom, resuming, events);
    }

    /** The agent dies while it does it. */
    public Intake doomed(Doom doom) {
        return new Intake(changes, guests, images, doom, resuming, events);
    }

    /** For no longer than that it waits for a source that has lost its connection. */
    public Intake resumingWithin(Duration limit) {
        return new Intake(changes, guests, images, doom, limit, events);
    }

    Consumer<JsonObject> events() {
        return events;
    }

    void addTo(JsonObject command, LabHost host) {
        doom.addTo(command);
        if (resuming != null) {
            command.addProperty("resumeMillis", resuming.toMillis());
        }
        command.add("changes", changes.json());
        command.addProperty("guests", (guests == null ? host.guestsDirectory() : guests).toString());
        if (images != null) {
            command.addProperty("images", images.toString());
        }
    }
}
