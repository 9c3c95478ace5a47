// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto.age;

import io.vmmig.error.IntegrityException;
import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;

/** The ways in which something sealed is refused, each in the same words wherever it happens. */
public final class Refusals {
    private Refusals() {}

    /** It breaks the format. */
    public static PackageFormatException malformed(String why) {
        return new PackageFormatException(
                Problem.SEAL_MALFORMED,
                "this is not sealed as the age format says: " + why,
                "Check that it is a sealed package; if it was, it is damaged: fetch it again, or make it afresh.");
    }

    /** It certainly ends before its end. */
    public static PackageFormatException truncated(String where) {
        return new PackageFormatException(
                Problem.SEAL_TRUNCATED,
                "what was sealed ends too early: " + where,
                "It was not written or carried to its end; fetch it again, or make it afresh at the source.");
    }

    /** It is not what was sealed. */
    public static IntegrityException broken(String what) {
        return new IntegrityException(
                Problem.SEAL_BROKEN,
                what,
                "Do not use it: it was damaged or tampered with on its way. Fetch it again, or make it afresh.");
    }

    /** None of our keys opens it. */
    public static IntegrityException notForUs(String why) {
        return new IntegrityException(
                Problem.SEAL_NOT_FOR_US,
                why,
                "Let the source seal it for this host, or open it with the key that it was sealed for.");
    }
}
