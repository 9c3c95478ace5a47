// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto.age;

import io.vmmig.error.IntegrityException;
import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;

/** The errors of the age format. */
public final class AgeErrors {
    private AgeErrors() {}

    /** It violates the format. */
    public static PackageFormatException malformed(String why) {
        return new PackageFormatException(
                Problem.SEAL_MALFORMED,
                "this does not conform to the age format: " + why,
                "Check that it is a sealed package; if it is, it is damaged: fetch it again, or make it again.");
    }

    /** It is truncated. */
    public static PackageFormatException truncated(String where) {
        return new PackageFormatException(
                Problem.SEAL_TRUNCATED,
                "the sealed data ends too early: " + where,
                "It was not written or transferred completely; fetch it again, or make it again at the source.");
    }

    /** It was changed. */
    public static IntegrityException broken(String what) {
        return new IntegrityException(
                Problem.SEAL_BROKEN,
                what,
                "Do not use it: it was damaged or tampered with. Fetch it again, or make it again.");
    }

    /** None of this host's keys decrypts it. */
    public static IntegrityException notForUs(String why) {
        return new IntegrityException(
                Problem.SEAL_NOT_FOR_US,
                why,
                "Seal it for this host at the source, or open it with the key that it was sealed for.");
    }
}
