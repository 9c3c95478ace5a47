// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import io.vmmig.error.VmmigException;
import java.nio.ByteBuffer;
import java.security.SecureRandom;

/** The secret name of a session, known to its two ends only: 128 random bits chosen by the destination. */
record SessionId(long high, long low) {
    static final int BYTES = 16;

    private static final SecureRandom RANDOM = new SecureRandom();

    static SessionId random() {
        return new SessionId(RANDOM.nextLong(), RANDOM.nextLong());
    }

    static SessionId of(byte[] bytes) throws VmmigException {
        if (bytes.length != BYTES) {
            throw WireErrors.violation("a session's name of " + bytes.length + " bytes");
        }
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        return new SessionId(buffer.getLong(), buffer.getLong());
    }

    byte[] bytes() {
        return ByteBuffer.allocate(BYTES).putLong(high).putLong(low).array();
    }

    /** Without the bits, which must not get into a log. */
    @Override
    public String toString() {
        return "SessionId";
    }
}
