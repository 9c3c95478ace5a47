// SPDX-License-Identifier: Apache-2.0
package io.vmmig.error;

/** The phases of a migration, in their order. Not every migration has every phase. */
public enum Phase {
    /** Waiting for a permit, since the number of concurrent migrations is limited. The guest runs. */
    QUEUED,
    /** Inspecting the guest and its disks, before anything is changed. */
    PREPARE,
    /** Opening the transport. */
    CONNECT,
    /** Sending baselines while the guest runs, so that only what has changed since is sent while it is paused. */
    BASELINE,
    /** Asking the destination whether it accepts the guest. */
    OFFER,
    /** Moving kernel and ramdisk, if the destination lacks them, and looking for free memory, while the guest runs. */
    BOOT_FILES,
    /** Moving memory in a live migration, while the guest runs. */
    PRECOPY,
    /** Suspending the guest; downtime begins here. */
    SUSPEND,
    /** Moving the disks, while the guest is paused. */
    DISKS,
    /** Moving memory and device state. */
    SNAPSHOT,
    /** Waiting until the destination holds the guest, paused and verified. */
    RESTORE,
    /** Handing the guest over. */
    COMMIT,
    /** Resuming the guest; downtime ends here. A guest that was packed and stays is resumed before {@link #COMMIT}. */
    RESUME,
    /** Removing what is no longer needed at the source. */
    RETIRE
}
