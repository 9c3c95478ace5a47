// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.error.VmmigException;

/** A failure that may succeed on a retry. */
final class RetryableException extends Exception {
    private static final long serialVersionUID = 1;

    private final VmmigException why;

    RetryableException(VmmigException why) {
        super(why);
        this.why = why;
    }

    /** The error if it does not. */
    VmmigException why() {
        return why;
    }
}
