// SPDX-License-Identifier: Apache-2.0
package io.vmmig.handover;

import io.vmmig.error.VmmigException;

/** The destination's durable record of one hand-over. A call that throws may or may not have recorded its entry. */
public interface DestinationJournal {
    DestinationState state();

    /** Whether a further step may have been recorded. */
    boolean torn();

    /** Whether the guest is to run here. */
    boolean running() throws VmmigException;

    /** Whether this host is to start the guest at boot. */
    boolean autostart() throws VmmigException;

    /** Records a step before it is taken. */
    void enter(DestinationState next) throws VmmigException;

    void restored(boolean running, boolean autostart) throws VmmigException;

    /** Records the step if possible; does not throw. After a crash, a recovery infers a missing entry from the guest. */
    void retracting();

    /** As {@link #retracting()}. */
    void resumed();

    /** As {@link #retracting()}. */
    void discarded();
}
