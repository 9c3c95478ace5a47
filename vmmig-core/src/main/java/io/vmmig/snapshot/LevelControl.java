// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import io.vmmig.content.Level;

/** Which zstd level the next segment is compressed at. Thread-safe. */
public final class LevelControl {
    /** From the least work to the most; each step makes packages smaller on real guests, which not every level does. */
    private static final int[] LADDER = {-7, -3, 1, 3, 6, 9, 12, 15};

    private static final int FASTEST = 0;
    private static final int BALANCED = 2;
    private static final int SMALLEST = 7;

    /** The link must be slower, or faster, by so much before the level changes, or it would swing with every segment. */
    private static final double MARGIN = 1.5;

    private final boolean adapts;
    private int step;

    private LevelControl(int step, boolean adapts) {
        this.step = step;
        this.adapts = adapts;
    }

    /** Control as the caller of the library chose. */
    public static LevelControl of(Level level) {
        return switch (level) {
            case FASTEST -> new LevelControl(FASTEST, false);
            case BALANCED -> new LevelControl(BALANCED, false);
            case SMALLEST -> new LevelControl(SMALLEST, false);
            case AUTO -> new LevelControl(BALANCED, true);
        };
    }

    /** The zstd level for the next segment. */
    public synchronized int zstdLevel() {
        return LADDER[step];
    }

    /**
     * Learns how it went with a segment.
     *
     * @param encoderNanos how long the link had nothing to do because the segment was not encoded yet
     * @param linkNanos how long the link took to take it
     * @param inputWaited whether the input had to wait because all segments were under way
     */
    public synchronized void learn(long encoderNanos, long linkNanos, boolean inputWaited) {
        if (!adapts) {
            return;
        }
        if (linkNanos > encoderNanos * MARGIN && inputWaited) {
            step = Math.min(step + 1, LADDER.length - 1);
        } else if (encoderNanos > linkNanos * MARGIN && inputWaited) {
            step = Math.max(step - 1, 0);
        }
    }
}
