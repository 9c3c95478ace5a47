// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * For each reference, the distance between the pages of a content and their counterparts there that a long run of equal pages has shown last.
 * A segment of nothing but changed pages shows none by itself. Thread-safe; which run was the last depends on the threads that encode, so
 * this only serves for guesses.
 */
public final class UsualShifts {
    private static final int LONG_RUN = 16;

    private final AtomicLongArray shifts;

    /** @param references how many references there are */
    public UsualShifts(int references) {
        shifts = new AtomicLongArray(references);
        for (int i = 0; i < references; i++) {
            shifts.set(i, Long.MIN_VALUE);
        }
    }

    void learn(int reference, long shift, int run) {
        if (run >= LONG_RUN) {
            shifts.set(reference, shift);
        }
    }

    /** The page of a reference that corresponds to this position; negative if it is not known. */
    long counterpart(int reference, long position) {
        return position + shifts.get(reference);
    }
}
