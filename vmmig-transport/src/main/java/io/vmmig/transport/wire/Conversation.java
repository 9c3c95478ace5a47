// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.error.Failure;
import io.vmmig.error.VmmigException;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** One role in a transfer: handles the frames that arrive. Called by the connection's reader, never by two threads at once. */
interface Conversation {
    /**
     * Handles a control frame.
     *
     * @throws PeerAbortedException when the peer has aborted
     * @throws VmmigException when the frame is not allowed now; the peer is told
     */
    void onControl(Kind kind, byte[] payload) throws VmmigException, PeerAbortedException;

    /**
     * Checks a control frame before its payload is read.
     *
     * @throws VmmigException when it must not be read; the peer is told
     */
    default void onAnnounced(Kind kind, int length) throws VmmigException {}

    /**
     * Why to abort a peer that has owed something for longer than {@code within}; null if it does not. Called at least every
     * second, with the connection's lock held.
     */
    default @Nullable VmmigException overdue(Duration within) {
        return null;
    }

    /** Handles a data frame: reads exactly {@code length} bytes from {@code in}. May block. */
    void onData(InputStream in, int length) throws VmmigException, IOException;

    /** The frame by which this role aborts; null when it may no longer do so. Called with the connection's lock held. */
    @Nullable
    Frame farewell(Failure reason);

    /** Called when the connection has ended. */
    void onEnd(VmmigException reason);

    /** Called once when it has ended and there will be no other connection; by any thread; must not block. */
    default void onClosed() {}
}
