// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.error.VmmigException;
import java.nio.ByteBuffer;
import java.security.SecureRandom;

/** Names a session to its two ends, and to nobody else: 128 random bits that the destination gives out. */
record SessionId(long high, long low) {
    static final int BYTES = 16;

    private static final SecureRandom RANDOM = new SecureRandom();

    static SessionId random() {
        return new SessionId(RANDOM.nextLong(), RANDOM.nextLong());
    }

    static SessionId of(byte[] bytes) throws VmmigException {
        if (bytes.length != BYTES) {
            throw Faults.violation("a session's name of " + bytes.length + " bytes");
        }
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        return new SessionId(buffer.getLong(), buffer.getLong());
    }

    byte[] bytes() {
        return ByteBuffer.allocate(BYTES).putLong(high).putLong(low).array();
    }

    /** Not what it is, since that must not get into a log. */
    @Override
    public String toString() {
        return "SessionId";
    }
}
