// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

/**
 * A link as measured.
 *
 * @param roundTripMillis the median for one byte there and back, with nothing else on the link
 * @param megabitsPerSecond the throughput of one connection, once it had found its rate
 */
public record Measured(double roundTripMillis, double megabitsPerSecond) {
    private static final double DELAY_TOLERANCE = 0.1;
    private static final double DELAY_TOLERANCE_MILLIS = 1;
    /** About 5 % of what a link carries are headers. */
    private static final double LEAST_SHARE = 0.85;

    private static final double MOST_SHARE = 1.05;

    /** Whether the measurement fits that link. Anything fits a link without limits. */
    public boolean fits(Link link) {
        boolean limitless = link.megabitsPerSecond() == 0 && link.roundTripMillis() == 0;
        return limitless || (fitsDelay(link.roundTripMillis()) && fitsRate(link.megabitsPerSecond()));
    }

    private boolean fitsDelay(int asked) {
        return Math.abs(roundTripMillis - asked) <= asked * DELAY_TOLERANCE + DELAY_TOLERANCE_MILLIS;
    }

    private boolean fitsRate(int asked) {
        return asked == 0 || (megabitsPerSecond >= asked * LEAST_SHARE && megabitsPerSecond <= asked * MOST_SHARE);
    }
}
