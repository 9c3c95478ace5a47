// SPDX-License-Identifier: Apache-2.0
package io.vmmig.hypervisor;

import java.time.Instant;
import java.util.List;

/** Sees what other tools do to a guest, from when the watch began until it is closed. Thread-safe. */
public interface GuestWatch extends AutoCloseable {
    /** A watch that sees nothing, for hypervisors that do not tell. */
    GuestWatch BLIND = new GuestWatch() {
        @Override
        public List<Observation> observed() {
            return List.of();
        }

        @Override
        public void close() {
            // Nothing was begun.
        }
    };

    /** What others did so far, in its order; without what vmmig itself did. */
    List<Observation> observed();

    @Override
    void close();

    /**
     * One thing that was done.
     *
     * @param at when it was reported
     * @param what what was reported, as a clause: "a device was detached: net1"
     */
    record Observation(Instant at, String what) {}
}
