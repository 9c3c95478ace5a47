// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * A package that arrives over a session in two parts: what is sent while the guest runs, and the rest. Each may be encrypted
 * separately, since an encrypted stream can only be read to its end. For one thread.
 */
public final class Parts extends InputStream {
    private final WireIncomingSession session;
    private final Opening opening;
    private @Nullable InputStream current;

    /** Decrypts a part, if it is encrypted. */
    @FunctionalInterface
    public interface Opening {
        /** The decrypted part. */
        InputStream open(InputStream part);
    }

    /** All parts of {@code session}. */
    public Parts(WireIncomingSession session, Opening opening) {
        this.session = session;
        this.opening = opening;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        while (true) {
            InputStream part = current == null ? opening.open(session.part()) : current;
            current = part;
            int n = part.read(buffer, offset, length);
            if (n >= 0 || session.whole()) {
                return n;
            }
            current = null;
        }
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }
}
