// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import io.vmmig.content.Level;

/** Chooses the zstd level for the next segment. Thread-safe. */
public final class LevelControl {
    /** From least to most work. Only levels that make packages of real guests smaller. */
    private static final int[] LADDER = {-7, -3, 1, 3, 6, 9, 12, 15};

    private static final int FASTEST = 0;
    private static final int BALANCED = 2;
    private static final int SMALLEST = 7;

    /** How much slower or faster the link must be before the level changes; otherwise it would oscillate. */
    private static final double MARGIN = 1.5;

    private final boolean adapts;
    private int step;

    private LevelControl(int step, boolean adapts) {
        this.step = step;
        this.adapts = adapts;
    }

    /** The control for the level that the caller of the library chose. */
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
     * Learns from the timing of a segment.
     *
     * @param encoderNanos how long the link was idle because the segment was not encoded yet, in nanoseconds
     * @param linkNanos how long the link took to accept the segment, in nanoseconds
     * @param inputWaited whether the input had to wait because all segments were in use
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
