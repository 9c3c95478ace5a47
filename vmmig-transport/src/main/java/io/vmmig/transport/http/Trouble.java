// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.error.VmmigException;

/** What may be better next time. */
final class Trouble extends Exception {
    private static final long serialVersionUID = 1;

    private final VmmigException why;

    Trouble(VmmigException why) {
        super(why);
        this.why = why;
    }

    /** What it is if it does not get better. */
    VmmigException why() {
        return why;
    }
}
