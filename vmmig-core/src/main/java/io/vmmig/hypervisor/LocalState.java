// SPDX-License-Identifier: Apache-2.0
package io.vmmig.hypervisor;

/**
 * State of a guest that a hypervisor stores, and that is lost when the guest leaves its host.
 *
 * @param kind what it is
 * @param name which of them
 */
public record LocalState(Kind kind, String name) {
    /** What it is. */
    public enum Kind {
        /** An entry of the list of snapshots. */
        SNAPSHOT("snapshot"),
        /** A checkpoint, from which the next incremental backup starts, with its dirty bitmap. */
        CHECKPOINT("checkpoint"),
        /** A saved state from which the next start would resume. */
        MANAGED_SAVE("managed-save image"),
        /** Dirty bitmaps in one of its images that belong to no checkpoint, named by the image. */
        DIRTY_BITMAPS("dirty bitmaps in");

        private final String words;

        Kind(String words) {
            this.words = words;
        }

        /** Its name in messages. */
        public String words() {
            return words;
        }
    }

    @Override
    public String toString() {
        return kind.words() + " " + name;
    }
}
