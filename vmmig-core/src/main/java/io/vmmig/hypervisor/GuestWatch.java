// SPDX-License-Identifier: Apache-2.0
package io.vmmig.hypervisor;

import java.time.Instant;
import java.util.List;

/** Records what other tools do to a guest, from the beginning of the watch until it is closed. Thread-safe. */
public interface GuestWatch extends AutoCloseable {
    /** A watch that sees nothing, for hypervisors that report nothing. */
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

    /** What others have done so far, in order; without vmmig's own actions. */
    List<Observation> observed();

    @Override
    void close();

    /**
     * One action.
     *
     * @param at when it was reported
     * @param what what was reported, as a clause: "a device was detached: net1"
     */
    record Observation(Instant at, String what) {}
}
