// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

/** An outgoing control frame. */
record Frame(Kind kind, byte[] payload) {
    /** The kind and the length, before the payload. */
    static final int HEADER_BYTES = 5;
    /** Four full TLS records, header included; with larger frames JDK 17 never compiles its AES. */
    static final int DATA_FRAME_BYTES = 64 << 10;

    Frame {
        if (payload.length > kind.maxLength()) {
            throw new IllegalArgumentException(kind + " of " + payload.length + " bytes");
        }
    }

    static Frame empty(Kind kind) {
        return new Frame(kind, new byte[0]);
    }

    byte[] toBytes() {
        byte[] bytes = new byte[HEADER_BYTES + payload.length];
        putHeader(bytes, kind, payload.length);
        System.arraycopy(payload, 0, bytes, HEADER_BYTES, payload.length);
        return bytes;
    }

    static void putHeader(byte[] target, Kind kind, int length) {
        target[0] = (byte) kind.code();
        target[1] = (byte) (length >> 24);
        target[2] = (byte) (length >> 16);
        target[3] = (byte) (length >> 8);
        target[4] = (byte) length;
    }
}
