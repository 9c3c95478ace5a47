// SPDX-License-Identifier: Apache-2.0
package io.vmmig.domain;

/**
 * What a guest may lose by moving, if its mover says so. Otherwise a guest that would lose it is refused before it is stopped. A copy
 * takes nothing from the guest, so it needs no permission. Whatever is lost, the report names it.
 */
public enum Loss {
    /** Libvirt's list of the guest's snapshots; the contents of external ones are in its disks, which move. */
    SNAPSHOTS,
    /** Libvirt's list of the guest's checkpoints, and all dirty bitmaps: the next backup must be a full one. */
    CHECKPOINTS,
    /** A managed-save image that lies beside the running guest; it is removed with the guest. */
    MANAGED_SAVE,
    /**
     * Changes that wait in the guest's definition for its next start. Only where the definition cannot be carried: the guest is then
     * defined as it runs.
     */
    PENDING_CHANGES
}
