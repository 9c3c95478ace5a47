// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.error.VmmigException;
import java.io.IOException;
import java.time.Duration;

/** How a source connects to its destination again. */
@FunctionalInterface
public interface Redial {
    /**
     * A connection to the very host that the one before led to, whose preambles have been exchanged and on which a session can
     * be taken up again.
     *
     * @param within how long that may take
     * @throws PeerGaveUp when that very host has refused it
     * @throws VmmigException when there is none; whoever said so has not shown to be that host
     */
    Connection dial(Duration within) throws VmmigException, IOException, PeerGaveUp;
}
