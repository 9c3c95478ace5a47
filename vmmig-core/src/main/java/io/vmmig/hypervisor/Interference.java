// SPDX-License-Identifier: Apache-2.0
package io.vmmig.hypervisor;

import java.time.Instant;

/**
 * Somebody else resumed or ended a guest while vmmig kept it paused.
 *
 * @param kind what it means for the guest
 * @param what what was observed, as a clause: "libvirt reported that it was resumed"
 * @param at when it happened
 * @param now the guest's current state; {@link GuestState#STOPPED} also when the host no longer knows it
 */
public record Interference(Kind kind, String what, Instant at, GuestState now) {
    /** What an interference means for the guest. */
    public enum Kind {
        /** The guest ran: its memory and disks may have been read in inconsistent states, and it has progressed since. */
        RAN,
        /** The guest was ended, or its process died: its memory is gone. */
        ENDED,
        /** For a while the guest could not be observed; it may have run. */
        UNOBSERVED
    }
}
