// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import com.google.gson.JsonObject;
import io.vmmig.domain.DomainSettings;
import io.vmmig.error.VmmigException;
import java.nio.file.Path;
import java.util.UUID;

/** {@link DomainSettings} that can be sent to another process. Immutable. */
public final class GuestChanges {
    private static final String NAME = "name";
    private static final String UUID_KEY = "uuid";
    private static final String KERNEL = "kernel";
    private static final String RAMDISK = "ramdisk";
    private static final String DISK = "disk ";
    private static final String SERIAL = "serial ";
    private static final String CHANNEL = "channel ";
    private static final String BRIDGE = "bridge ";

    private final JsonObject json;

    private GuestChanges(JsonObject json) {
        this.json = json;
    }

    /** The guest stays as it is. */
    public static GuestChanges none() {
        return new GuestChanges(new JsonObject());
    }

    static GuestChanges of(JsonObject json) {
        return new GuestChanges(json);
    }

    /** Another name. */
    public GuestChanges named(String name) {
        return with(NAME, name);
    }

    /** Another uuid. */
    public GuestChanges uuid(UUID uuid) {
        return with(UUID_KEY, uuid.toString());
    }

    /** Another path for a disk. */
    public GuestChanges disk(String target, Path path) {
        return with(DISK + target, path.toString());
    }

    /** Another file for a serial port. */
    public GuestChanges serial(int port, Path path) {
        return with(SERIAL + port, path.toString());
    }

    /** Another socket for a channel. */
    public GuestChanges channel(String name, Path path) {
        return with(CHANNEL + name, path.toString());
    }

    /** Another kernel. */
    public GuestChanges kernel(Path path) {
        return with(KERNEL, path.toString());
    }

    /** Another initial ramdisk. */
    public GuestChanges ramdisk(Path path) {
        return with(RAMDISK, path.toString());
    }

    /** Another bridge. */
    public GuestChanges bridge(String from, String to) {
        return with(BRIDGE + from, to);
    }

    private GuestChanges with(String key, String value) {
        JsonObject copy = json.deepCopy();
        copy.addProperty(key, value);
        return new GuestChanges(copy);
    }

    JsonObject json() {
        return json;
    }

    DomainSettings settings() throws VmmigException {
        DomainSettings settings = DomainSettings.asSaved();
        for (String key : json.keySet()) {
            settings = apply(settings, key, json.get(key).getAsString());
        }
        return settings;
    }

    private static DomainSettings apply(DomainSettings settings, String key, String value) throws VmmigException {
        String rest = key.substring(key.indexOf(' ') + 1);
        return switch (key.substring(0, key.length() - rest.length())) {
            case DISK -> settings.diskAt(rest, Path.of(value));
            case SERIAL -> settings.serialAt(Integer.parseInt(rest), Path.of(value));
            case CHANNEL -> settings.channelAt(rest, Path.of(value));
            case BRIDGE -> settings.bridge(rest, value);
            default ->
                switch (key) {
                    case NAME -> settings.named(value);
                    case UUID_KEY -> settings.withUuid(UUID.fromString(value));
                    case KERNEL -> settings.kernelAt(Path.of(value));
                    case RAMDISK -> settings.ramdiskAt(Path.of(value));
                    default -> throw new IllegalArgumentException(key);
                };
        };
    }
}
