// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

/**
 * What a guest may lose in a migration if the caller allows it. Otherwise a guest that would lose it is refused before it is
 * paused. A copy takes nothing from the guest, so it needs no permission. The report names every loss.
 */
public enum Loss {
    /** libvirt's list of snapshots; the contents of external ones are in the disks, which move. */
    SNAPSHOTS,
    /** libvirt's list of checkpoints, and all dirty bitmaps: the next backup must be a full one. */
    CHECKPOINTS,
    /** A managed-save image of the running guest; it is removed with the guest. */
    MANAGED_SAVE,
    /** Pending changes in the guest's definition, if the definition cannot be moved: the guest is then defined as it runs. */
    PENDING_CHANGES
}
