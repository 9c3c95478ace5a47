// SPDX-License-Identifier: Apache-2.0
package io.vmmig.hypervisor;

import java.time.Instant;

/**
 * Somebody else let a guest run, or ended it, while vmmig kept it paused.
 *
 * @param kind what it means for the guest
 * @param what what was observed, as a clause: "libvirt reported that it was resumed"
 * @param at when that was
 * @param now what the guest is doing now; {@link GuestState#STOPPED} also when the host does not know it any more
 */
public record Interference(Kind kind, String what, Instant at, GuestState now) {
    /** What an interference means for the guest. */
    public enum Kind {
        /** The guest ran: what was read of its memory and its disks may not belong together, and it has progressed since. */
        RAN,
        /** The guest was ended, or its process died: its memory is gone. */
        ENDED,
        /** For a while nobody would have seen the guest run, and nothing shows that it did not. */
        UNOBSERVED
    }
}
