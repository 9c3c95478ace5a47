// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.binding;

import java.time.Instant;

/**
 * Something that libvirt has reported of a domain.
 *
 * @param kind what happened
 * @param at when the report came
 * @param detail more, as words: the device's alias, libvirt's reason; may be empty
 */
public record DomainEvent(Kind kind, Instant at, String detail) {
    /** What can happen. */
    public enum Kind {
        /** Its definition was made or changed. */
        DEFINED("its definition was changed"),
        /** Its definition was removed. */
        UNDEFINED("its definition was removed"),
        /** It was started, or restored. */
        STARTED("it was started"),
        /** It was suspended. */
        SUSPENDED("it was suspended"),
        /** It was resumed. */
        RESUMED("it was resumed"),
        /** It was ended. */
        STOPPED("it was ended"),
        /** Its system has shut down. */
        SHUTDOWN("its system has shut down"),
        /** It has put itself to sleep. */
        ASLEEP("it has put itself to sleep"),
        /** Its system has crashed. */
        CRASHED("its system has crashed"),
        /** It was reset. */
        REBOOTED("it was rebooted"),
        /** A device was attached. */
        DEVICE_ADDED("a device was attached"),
        /** A device was detached. */
        DEVICE_REMOVED("a device was detached"),
        /** The guest has not let go of a device. */
        DEVICE_REMOVAL_FAILED("a device was not let go of"),
        /** A medium was changed. */
        MEDIUM_CHANGED("a medium was changed"),
        /** A tray was opened or closed. */
        TRAY_MOVED("a tray was opened or closed"),
        /** A job on a disk has begun or ended. */
        BLOCK_JOB("a job on a disk changed its state"),
        /** Its metadata was changed. */
        METADATA_CHANGED("its metadata was changed"),
        /** Limits of its resources were changed. */
        TUNED("limits of its resources were changed"),
        /** The guest agent has come or gone. */
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

    /** Whether libvirt found that QEMU had died, rather than ended it when it was told to. */
    public boolean tellsOfADeadQemu() {
        return kind == Kind.STOPPED && (detail.equals("crashed") || detail.equals("failed"));
    }

    /** What happened, as a clause with its detail. */
    public String words() {
        return detail.isEmpty() ? kind.words() : kind.words() + " (" + detail + ")";
    }
}
