// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.error.Failure;
import io.vmmig.error.VmmigException;

/** The peer has aborted, so there is no need to tell it. */
public final class PeerAbortedException extends Exception {
    private static final long serialVersionUID = 1;

    private final VmmigException reason;

    /** With the peer's reason. */
    public PeerAbortedException(Failure failure) {
        this.reason = VmmigException.of(failure, null);
    }

    /** The peer's reason. */
    public VmmigException reason() {
        return reason;
    }
}
