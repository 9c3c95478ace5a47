// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab;

import java.util.Locale;

/** Human-readable sizes and times. */
public final class Units {
    private Units() {}

    /** A number of bytes. */
    public static String bytes(long bytes) {
        if (bytes < 1000) {
            return bytes + " B";
        }
        return bytes < 1_000_000 ? format(bytes / 1e3, "KB") : format(bytes / 1e6, "MB");
    }

    private static String format(double number, String unit) {
        return String.format(Locale.ROOT, "%.1f %s", number, unit);
    }

    /** A number of milliseconds. */
    public static String millis(long millis) {
        return millis < 1000 ? millis + " ms" : String.format(Locale.ROOT, "%.2f s", millis / 1e3);
    }
}
