// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.posix;

import java.io.IOException;

/** The other end of a pipe, or the writer of a file, made no progress until the deadline. */
public final class StalledException extends IOException {
    private static final long serialVersionUID = 1;

    StalledException(String message) {
        super(message);
    }
}
