// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.binding;

import java.time.Instant;

/**
 * An event of a domain.
 *
 * @param kind what happened
 * @param at when it arrived
 * @param detail details: the device's alias, libvirt's reason; may be empty
 */
public record DomainEvent(Kind kind, Instant at, String detail) {
    /** What can happen; {@link #words()} says it. */
    public enum Kind {
        DEFINED("its definition was changed"),
        UNDEFINED("its definition was removed"),
        STARTED("it was started"),
        SUSPENDED("it was suspended"),
        RESUMED("it was resumed"),
        STOPPED("it was ended"),
        SHUTDOWN("its system has shut down"),
        ASLEEP("it has put itself to sleep"),
        CRASHED("its system has crashed"),
        REBOOTED("it was rebooted"),
        DEVICE_ADDED("a device was attached"),
        DEVICE_REMOVED("a device was detached"),
        DEVICE_REMOVAL_FAILED("the guest refused to release a device"),
        MEDIUM_CHANGED("a medium was changed"),
        TRAY_MOVED("a tray was opened or closed"),
        BLOCK_JOB("a job on a disk changed its state"),
        METADATA_CHANGED("its metadata was changed"),
        TUNED("its resource limits were changed"),
        AGENT("the guest agent connected or disconnected");

        private final String words;

        Kind(String words) {
            this.words = words;
        }

        /** What happened, as a clause. */
        public String words() {
            return words;
        }
    }

    /** Whether QEMU died, rather than being ended on request. */
    public boolean tellsOfADeadQemu() {
        return kind == Kind.STOPPED && (detail.equals("crashed") || detail.equals("failed"));
    }

    /** What happened, as a clause with its detail. */
    public String words() {
        return detail.isEmpty() ? kind.words() : kind.words() + " (" + detail + ")";
    }
}
