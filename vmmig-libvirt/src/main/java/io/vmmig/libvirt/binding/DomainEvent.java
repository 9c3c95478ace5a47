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
        DEVICE_REMOVAL_FAILED("a device was not let go of"),
        MEDIUM_CHANGED("a medium was changed"),
        TRAY_MOVED("a tray was opened or closed"),
        BLOCK_JOB("a job on a disk changed its state"),
        METADATA_CHANGED("its metadata was changed"),
        TUNED("limits of its resources were changed"),
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
