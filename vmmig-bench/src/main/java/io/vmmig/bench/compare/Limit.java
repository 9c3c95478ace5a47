// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import java.util.Locale;
import java.util.OptionalDouble;

/** What no way that stops the guest can be faster than. */
enum Limit {
    /** A way's own bytes through the link, at its rate. */
    BANDWIDTH("total, of bytes / bandwidth", Measure.TOTAL) {
        @Override
        OptionalDouble millis(Result result, Way way) {
            int rate = result.comparison().link().megabitsPerSecond();
            return rate == 0
                    ? OptionalDouble.empty()
                    : OptionalDouble.of(result.median(way, Measure.WIRE) * BITS_PER_BYTE / 1000 / rate);
        }
    },
    /** QEMU writing its stream to nobody. */
    STREAM("downtime, of QEMU's stream", Measure.DOWNTIME) {
        @Override
        OptionalDouble millis(Result result, Way way) {
            return OptionalDouble.of(result.prepared().streamMillis());
        }
    },
    /** This machine copying as much memory as there is in the save image. */
    MEMORY_COPY("downtime, of copying the memory", Measure.DOWNTIME) {
        @Override
        OptionalDouble millis(Result result, Way way) {
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

    /** What is compared with it. */
    String title() {
        return title;
    }

    /** The limit; nothing if there is none. */
    abstract OptionalDouble millis(Result result, Way way);

    /** How many times the limit a way takes, as people like to read it. */
    String distance(Result result, Way way) {
        OptionalDouble limit = millis(result, way);
        return limit.isEmpty()
                ? "–"
                : String.format(Locale.ROOT, "%.1f ×", result.median(way, measure) / Math.max(1, limit.getAsDouble()));
    }
}
