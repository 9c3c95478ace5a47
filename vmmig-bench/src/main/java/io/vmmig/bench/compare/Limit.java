// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import java.util.Locale;
import java.util.OptionalDouble;

/** Lower bounds for any method that stops the guest. */
enum Limit {
    /** The method's own bytes at the rate of the link. */
    BANDWIDTH("total, of bytes / bandwidth", Measure.TOTAL) {
        @Override
        OptionalDouble millis(Result result, MigrationMethod method) {
            int rate = result.comparison().link().megabitsPerSecond();
            return rate == 0
                    ? OptionalDouble.empty()
                    : OptionalDouble.of(result.median(method, Measure.WIRE) * BITS_PER_BYTE / 1000 / rate);
        }
    },
    /** QEMU writing its stream to nowhere. */
    STREAM("downtime, of QEMU's stream", Measure.DOWNTIME) {
        @Override
        OptionalDouble millis(Result result, MigrationMethod method) {
            return OptionalDouble.of(result.prepared().streamMillis());
        }
    },
    /** This machine copying as much memory as the save image has. */
    MEMORY_COPY("downtime, of copying the memory", Measure.DOWNTIME) {
        @Override
        OptionalDouble millis(Result result, MigrationMethod method) {
            return OptionalDouble.of(result.prepared().copyMillis());
        }
    };

    private static final double BITS_PER_BYTE = 8;

    private final String title;
    private final Measure measure;

    Limit(String title, Measure measure) {
        this.title = title;
        this.measure = measure;
    }

    /** The measure that it bounds. */
    String title() {
        return title;
    }

    /** The bound; empty if there is none. */
    abstract OptionalDouble millis(Result result, MigrationMethod method);

    /** A method's time as a multiple of the bound, for people. */
    String distance(Result result, MigrationMethod method) {
        OptionalDouble limit = millis(result, method);
        return limit.isEmpty()
                ? "–"
                : String.format(
                        Locale.ROOT, "%.1f ×", result.median(method, measure) / Math.max(1, limit.getAsDouble()));
    }
}
