// SPDX-License-Identifier: Apache-2.0
package io.vmmig.error;

/** The phases of a migration, in their order. Not every migration has every phase. */
public enum Phase {
    /** Waiting for a permit: only so many migrations of one program go on at once. The guest runs. */
    QUEUED,
    /** Looking at the guest and its disks, before anything is touched. */
    PREPARE,
    /** Opening the transport. */
    CONNECT,
    /** Asking the destination whether it can take the guest. */
    OFFER,
    /** Moving kernel and ramdisk, if the destination lacks them, and looking for free memory, while the guest runs. */
    BOOT_FILES,
    /** Suspending the guest; downtime begins here. */
    SUSPEND,
    /** Moving the disks, while the guest is stopped. */
    DISKS,
    /** Moving memory and device state. */
    SNAPSHOT,
    /** Waiting until the destination holds the guest, paused and verified. */
    RESTORE,
    /** Handing the guest over. */
    COMMIT,
    /** Letting the guest go on; downtime ends here. One that was packed and stays continues before {@link #COMMIT}. */
    RESUME,
    /** Removing what is no longer needed at the source. */
    RETIRE
}
