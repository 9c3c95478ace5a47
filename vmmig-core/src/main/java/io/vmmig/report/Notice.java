// SPDX-License-Identifier: Apache-2.0
package io.vmmig.report;

/**
 * Something that the caller of a migration should know, though the migration did not fail for it. In the report, and as an
 * event when it is found.
 *
 * @param kind what kind of thing it is
 * @param subject what it is about: a path, a device, a snapshot's name
 * @param text what was observed: one sentence without its full stop, see {@link #sentence()}
 * @param remedy what a user can do about it; empty if there is nothing to do
 */
public record Notice(Kind kind, String subject, String text, String remedy) {
    /** What kind of thing a notice tells. */
    public enum Kind {
        /** Something of the guest that is not at the destination. */
        NOT_CARRIED,
        /** Something of the guest, or of another one, that stays at the source. */
        LEFT_BEHIND,
        /** Content that the package needs and does not hold. */
        CONTENT_NEEDED,
        /** The guest's clock has lost the time for which the guest was paused. */
        CLOCK_BEHIND,
        /** Another guest may be in the same network under the same address. */
        SAME_ADDRESS,
        /** Somebody else changed the guest, or asked for a change, while it was moving. */
        INTERFERENCE,
        /** A person must look at once. */
        ALARM
    }

    /** The text and the remedy, as one line. */
    public String sentence() {
        return remedy.isEmpty() ? text + "." : text + ". " + remedy;
    }
}
