// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.wire;

import org.jspecify.annotations.Nullable;

/** The kinds of frames. The codes are part of the protocol. */
enum Kind {
    HELLO(1, Kind.SMALL),
    OFFER(2, 8 << 20),
    ACCEPT(3, Kind.SMALL),
    REFUSE(4, Kind.SMALL),
    DATA(5, Kind.SMALL),
    COMPLETE(6, Kind.SMALL),
    RESTORED(7, Kind.SMALL),
    COMMIT(8, Kind.SMALL),
    RESUMED(9, Kind.SMALL),
    ABORT(10, Kind.SMALL),
    HEARTBEAT(11, Kind.SMALL),
    /** In introductions only, as REFUSE may be too. */
    CARD(12, Kind.SMALL),
    /** In inquiries only, as REFUSE may be too. */
    INQUIRE(13, Kind.SMALL),
    /** In inquiries only. */
    ANSWER(14, Kind.SMALL),
    /** Like HEARTBEAT, it is not counted in acknowledgements. */
    ACK(15, Kind.TINY),
    /** The first frame of a connection that resumes a session. */
    REJOIN(16, Kind.TINY),
    /** The answer to that. */
    REJOINED(17, Kind.TINY),
    /** The source has sent all that it can while the guest runs. */
    WAITING(18, Kind.SMALL),
    /** The source may suspend the guest. */
    READY(19, Kind.SMALL);

    private static final int SMALL = 64 << 10;
    private static final int TINY = 64;

    private final int code;
    private final int maxLength;

    Kind(int code, int maxLength) {
        this.code = code;
        this.maxLength = maxLength;
    }

    int code() {
        return code;
    }

    int maxLength() {
        return maxLength;
    }

    static @Nullable Kind of(int code) {
        return code >= 1 && code <= values().length ? values()[code - 1] : null;
    }
}
