// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

/** A destination's answer about a package whose source does not know how the hand-over ended. */
public enum Outcome {
    /** The destination took the guest over: it runs there, or has run. It must not run at the source. */
    TAKEN,
    /** The destination did not take the guest over, and never will with this package. The source may resume it. */
    NOT_TAKEN,
    /** The destination has not resolved it yet. Ask again, perhaps after a recovery there. */
    UNDER_WAY,
    /** The destination has no record of that package. A destination that took the guest and lost its journal answers this as well. */
    UNHEARD_OF
}
