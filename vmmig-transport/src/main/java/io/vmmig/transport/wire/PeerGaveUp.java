// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.error.Failure;
import io.vmmig.error.VmmigException;

/** The peer has said that it gives up, so there is no need to tell it. */
public final class PeerGaveUp extends Exception {
    private static final long serialVersionUID = 1;

    private final VmmigException reason;

    /** For that reason, as the peer itself has put it. */
    public PeerGaveUp(Failure failure) {
        this.reason = VmmigException.of(failure, null);
    }

    /** Why, as the peer has put it. */
    public VmmigException reason() {
        return reason;
    }
}
