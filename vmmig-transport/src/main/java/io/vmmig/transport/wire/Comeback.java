// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.error.VmmigException;

/** How an end gets another connection after one has broken: by calling again, or by being called. */
interface Comeback {
    /** What to say of it in HELLO. */
    Resumption offered();

    /**
     * The peer does it too.
     *
     * @throws VmmigException when what it says of it makes no sense
     */
    void agreed(Resumption theirs) throws VmmigException;

    /** For how long there is another connection to be had. */
    java.time.Duration limit();

    /** The line has lost its connection; false if it is to be given up. Called with the line's lock held. */
    boolean suspend();

    /**
     * Waits until the line has another connection, or is closed.
     *
     * @param since when it lost the one before, as {@link System#nanoTime()}
     * @throws VmmigException when it will have none any more
     */
    void await(Line line, long since) throws VmmigException;

    /** The line has another connection. Called with the line's lock held. */
    void resumed();

    /** The line is closed, and the peer has not heard this end's farewell. Returns at once. */
    void farewellUnheard(Frame farewell);

    /** Whether the peer may come back only to hear how it ended. */
    boolean keepsLastWords();

    /** The line is closed. */
    void close();
}
