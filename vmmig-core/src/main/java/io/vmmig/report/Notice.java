// SPDX-License-Identifier: Apache-2.0
package io.vmmig.report;

/**
 * Something that the caller of a migration should know, although the migration did not fail because of it. It is in the report, and is sent
 * as an event when it is found.
 *
 * @param kind the kind of notice
 * @param subject what it is about: a path, a device, a snapshot's name
 * @param text what was observed: one sentence without its full stop, see {@link #sentence()}
 * @param remedy what a user can do about it; empty if there is nothing to do
 */
public record Notice(Kind kind, String subject, String text, String remedy) {
    /** The kinds of notices. */
    public enum Kind {
        /** The destination does not have this part of the guest. */
        NOT_CARRIED,
        /** Something of the guest, or of another one, that stays at the source. */
        LEFT_BEHIND,
        /** The package needs this content and does not hold it. */
        CONTENT_NEEDED,
        /** The guest's clock is behind by the time for which the guest was paused. */
        CLOCK_BEHIND,
        /** Another guest may use the same address in the same network. */
        SAME_ADDRESS,
        /** Somebody else changed the guest, or asked for a change, while it was moving. */
        INTERFERENCE,
        /** An administrator must look at once. */
        ALARM
    }

    /** The text and the remedy, as one line. */
    public String sentence() {
        return remedy.isEmpty() ? text + "." : text + ". " + remedy;
    }
}
