// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

/** What a destination says of a package whose source has not heard how the hand-over ended. */
public enum Outcome {
    /** The guest was taken over: it runs there, or has run. It must not run at the source. */
    TAKEN,
    /** The guest was not taken over, and never will be with this package. It may go on at the source. */
    NOT_TAKEN,
    /** It is not settled there yet. To be asked again, perhaps after a recovery there. */
    UNDER_WAY,
    /** Nothing is noted of that package there. A destination that has taken a guest and lost its notes would say so, too. */
    UNHEARD_OF
}
