// SPDX-License-Identifier: Apache-2.0
package io.vmmig.error;

/** What one end of a migration holds of the guest when the migration is over. */
public enum EndState {
    /** The guest runs here. */
    RUNS("the guest runs"),
    /** The guest is here, paused. */
    PAUSED("the guest is paused"),
    /** The guest is shut off or was ended; its disks are here as it left them. */
    STOPPED("the guest does not run"),
    /** The guest is here as it was before; nothing has been done to it. */
    UNTOUCHED("nothing was changed"),
    /** The guest was not handed over to this end, which removes what it received; whether it already has is not known. */
    NOT_HANDED_OVER("the guest was not handed over"),
    /** Nothing of the guest is left here. */
    HOLDS_NOTHING("nothing of the guest is left"),
    /** This end holds a complete package of the guest. */
    HOLDS_PACKAGE("the complete package is kept"),
    /** Not known at this end. */
    UNKNOWN("not known");

    private final String words;

    EndState(String words) {
        this.words = words;
    }

    /** The state in words, for a sentence such as "at the source the guest runs". */
    public String words() {
        return words;
    }
}
