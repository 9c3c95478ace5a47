// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

import io.vmmig.lab.LabException;
import io.vmmig.lab.guest.Channel;
import io.vmmig.lab.guest.Console;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * A lab guest on a host.
 *
 * @param host where it is
 * @param name what it is called there
 * @param console what it prints there
 * @param channel the socket on which it answers there
 */
public record LabGuest(LabHost host, String name, Console console, Path channel) {
    private static final Duration BOOT_TIME = Duration.ofMinutes(4);
    private static final Duration TICK_TIME = Duration.ofSeconds(60);

    /** Waits until it has booted and filled its memory. */
    public LabGuest ready() {
        console.await("guest " + name + " to be ready", BOOT_TIME, log -> {
            List<String> complaints = log.complaints();
            if (!complaints.isEmpty()) {
                throw new LabException("guest " + name + " says: " + complaints.get(0));
            }
            return log.ready();
        });
        return this;
    }

    /** Waits for its next ticks; throws if there are none. */
    public LabGuest ticking() {
        console.awaitTicks(3, TICK_TIME);
        return this;
    }

    /** Connects to it. */
    public Channel connect() {
        return Channel.to(channel);
    }

    /** The checksum of its memory. */
    public String memorySum() {
        try (Channel connected = connect()) {
            return connected.sum();
        }
    }

    /** Runs a shell command in it; see {@link Channel#run}. */
    public String run(String command) {
        try (Channel connected = connect()) {
            return connected.run(command);
        }
    }

    /** How many records each of its disks holds. */
    public Map<String, Long> records() {
        try (Channel connected = connect()) {
            return connected.records();
        }
    }
}
