// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.error.VmmigException;
import java.io.IOException;
import java.time.Duration;

/** Reconnects a source to its destination. */
@FunctionalInterface
public interface Redialer {
    /**
     * A connection to the same host as before, with the preambles exchanged, on which a session can be resumed.
     *
     * @param within how long that may take
     * @throws PeerAbortedException when that host has refused it
     * @throws VmmigException when there is none; the error is not authenticated as that host's
     */
    Connection dial(Duration within) throws VmmigException, IOException, PeerAbortedException;
}
