// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;

/** What frames travel over. One thread may read while another writes, and any may close at any time. */
public interface Connection {
    /** What the peer sends. */
    InputStream input();

    /** What the peer gets. */
    OutputStream output();

    /** A read that brings nothing for that long throws {@link java.net.SocketTimeoutException}. */
    void readTimeout(Duration timeout) throws IOException;

    /** Says that no more will come from here; reading goes on. Not while another thread writes. */
    void endOutput() throws IOException;

    /** Closes it at once, without another word, under whatever thread uses it. Never blocks. Idempotent. */
    void cut();

    /** Whether it was cut. */
    boolean isCut();
}
