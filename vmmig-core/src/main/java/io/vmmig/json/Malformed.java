// SPDX-License-Identifier: Apache-2.0
package io.vmmig.json;

import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;
import org.jspecify.annotations.Nullable;

/** The ways in which a package is refused, each in the same words wherever it happens. */
public final class Malformed {
    private static final int MAX_QUOTED = 64;

    private Malformed() {}

    /** The package breaks the format's rules. */
    public static PackageFormatException because(String what) {
        return because(what, null);
    }

    /** The package breaks the format's rules, as an exception from beneath shows. */
    public static PackageFormatException because(String what, @Nullable Throwable cause) {
        return new PackageFormatException(
                Problem.PACKAGE_MALFORMED,
                what,
                "The package is damaged, or was not made by vmmig; make it afresh at the source.",
                cause);
    }

    /** The package ends before its end. */
    public static PackageFormatException truncated(String what) {
        return new PackageFormatException(
                Problem.PACKAGE_TRUNCATED,
                what,
                "The package was not written or carried to its end; make it afresh at the source.");
    }

    /** The package is of a format that only a later vmmig reads. */
    public static PackageFormatException tooNew(String what) {
        return new PackageFormatException(Problem.PACKAGE_TOO_NEW, what, "Use a newer vmmig at the destination.");
    }

    /** Refuses a package that claims more than the reader is willing to take. */
    public static void requireWithin(String what, long value, long limit) throws PackageFormatException {
        if (value > limit) {
            throw new PackageFormatException(
                    Problem.PACKAGE_LIMIT_EXCEEDED,
                    what + " is " + value + ", and the limit is " + limit,
                    "If the package is to be trusted with that, raise the limit in PackageLimits.");
        }
    }

    /** Foreign text in a form that may stand in a message: short, and without control characters. */
    public static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        text.codePoints().limit(MAX_QUOTED).forEach(c -> quoted.appendCodePoint(Texts.isPlain(c) ? c : '?'));
        if (text.codePointCount(0, text.length()) > MAX_QUOTED) {
            quoted.append("...");
        }
        return quoted.append('"').toString();
    }
}
