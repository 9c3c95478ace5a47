// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;

/** A duplex byte stream for frames. One thread may read while another writes, and any thread may close it at any time. */
public interface Connection {
    /** The bytes from the peer. */
    InputStream input();

    /** The bytes to the peer. */
    OutputStream output();

    /** Sets the read timeout: a read that waits longer throws {@link java.net.SocketTimeoutException}. */
    void readTimeout(Duration timeout) throws IOException;

    /** Ends this direction; reading continues. Not while another thread writes. */
    void endOutput() throws IOException;

    /** Closes it abruptly, whatever thread uses it. Never blocks. Idempotent. */
    void cut();

    /** Whether it was cut. */
    boolean isCut();
}
