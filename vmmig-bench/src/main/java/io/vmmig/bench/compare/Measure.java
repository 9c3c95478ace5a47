// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import io.vmmig.lab.Units;
import java.util.function.LongFunction;
import java.util.function.ToLongFunction;

/** A quantity measured for each move. */
enum Measure {
    DOWNTIME("downtime", Trial::downtimeMillis, Units::millis),
    TOTAL("total", trial -> trial.cost().millis(), Units::millis),
    SAVE("Δs", trial -> trial.moved().saveMillis(), Units::millis),
    TRANSFER("Δt", trial -> trial.moved().transferMillis(), Units::millis),
    RESTORE("Δr", trial -> trial.moved().restoreMillis(), Units::millis),
    WIRE("on the wire", trial -> trial.cost().wireBytes(), Units::bytes),
    WRITTEN("written to disk", trial -> trial.cost().usage().bytesWritten(), Units::bytes),
    MEMORY("peak memory", trial -> trial.cost().usage().memoryBytes(), Units::bytes),
    CPU("CPU", trial -> trial.cost().usage().cpuMillis(), Units::millis);

    private final String title;
    private final ToLongFunction<Trial> value;
    private final LongFunction<String> words;

    Measure(String title, ToLongFunction<Trial> value, LongFunction<String> words) {
        this.title = title;
        this.value = value;
        this.words = words;
    }

    /** Its name for people. */
    String title() {
        return title;
    }

    /** Its value for a move. */
    long of(Trial trial) {
        return value.applyAsLong(trial);
    }

    /** A value, for people. */
    String told(double amount) {
        return words.apply(Math.round(amount));
    }
}
