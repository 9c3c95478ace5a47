// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.error.Failure;
import io.vmmig.error.VmmigException;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** One role in a transfer: what to make of the frames that arrive. Called by the link's reader, never by two threads. */
interface Conversation {
    /**
     * A control frame has arrived.
     *
     * @throws PeerGaveUp when it says that the peer has given up
     * @throws VmmigException when it is not allowed now; the peer is told
     */
    void onControl(Kind kind, byte[] payload) throws VmmigException, PeerGaveUp;

    /**
     * A control frame begins, whose payload has not been read yet.
     *
     * @throws VmmigException when it is not to be read; the peer is told
     */
    default void onAnnounced(Kind kind, int length) throws VmmigException {}

    /**
     * Why the peer is to be given up, if it has owed something for longer than {@code within}; null if it has not. Asked every second or
     * more often, with the link's lock held.
     */
    default @Nullable VmmigException overdue(Duration within) {
        return null;
    }

    /** A data frame has arrived, of which {@code length} bytes are to be taken from {@code in}. May block. */
    void onData(InputStream in, int length) throws VmmigException, IOException;

    /** The frame by which this role gives up; null when it may not any more. Called with the link's lock held. */
    @Nullable
    Frame farewell(Failure reason);

    /** The link has ended. */
    void onEnd(VmmigException reason);

    /** The link has ended, and there will be no connection any more. Called once, by any thread; must not block. */
    default void onClosed() {}
}
