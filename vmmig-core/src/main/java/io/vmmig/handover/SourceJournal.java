// SPDX-License-Identifier: Apache-2.0
package io.vmmig.handover;

import io.vmmig.error.VmmigException;

/** What the source records durably of one hand-over. A call that throws may have recorded it or not. */
interface SourceJournal {
    /** Whether COMMIT may have been sent. */
    boolean mayBeCommitted();

    /** Whether only the package of a copy may have to be cleared. */
    boolean isCopied();

    /** Whether the guest ran until it was paused. */
    boolean ran() throws VmmigException;

    /** Whether this host started the guest at boot until COMMITTED was recorded. */
    boolean autostart() throws VmmigException;

    void saved(boolean ran) throws VmmigException;

    void commit(boolean autostart) throws VmmigException;

    void copied() throws VmmigException;

    /** The migration is over: nothing is recorded any more. */
    void settle() throws VmmigException;
}
