// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.error.VmmigException;

/** How an end gets another connection after one has broken: the source dials, the destination waits. */
interface ReconnectStrategy {
    /** What HELLO announces about it. */
    Resumption offered();

    /**
     * Called with what the peer announced.
     *
     * @throws VmmigException when that is invalid
     */
    void agreed(Resumption theirs) throws VmmigException;

    /** How long to try, or to wait, for another connection. */
    java.time.Duration limit();

    /** Called when the channel has lost its connection, with the channel's lock held; returns false to give up. */
    boolean suspend();

    /**
     * Waits until the channel has another connection, or is closed.
     *
     * @param since when it lost the previous one, as {@link System#nanoTime()}
     * @throws VmmigException when there will be no other connection
     */
    void await(ResumableChannel channel, long since) throws VmmigException;

    /** Called when the channel has another connection, with the channel's lock held. */
    void resumed();

    /** Called when the channel is closed and the peer may not have received the final frame. Returns at once. */
    void farewellUnheard(Frame farewell);

    /** Whether the peer may reconnect just to learn how the session ended. */
    boolean keepsLastWords();

    /** Called when the channel is closed. */
    void close();
}
