// SPDX-License-Identifier: Apache-2.0
package io.vmmig.handover;

import io.vmmig.error.VmmigException;

/** The source's durable record of one hand-over. A call that throws may or may not have recorded its entry. */
public interface SourceJournal {
    /** Whether COMMIT may have been sent. */
    boolean mayBeCommitted();

    /** Whether only the package of a copy may have to be cleared up. */
    boolean isCopied();

    /** Whether the guest ran until it was paused. */
    boolean ran() throws VmmigException;

    /** Whether this host started the guest at boot until COMMITTED was recorded. */
    boolean autostart() throws VmmigException;

    void saved(boolean ran) throws VmmigException;

    void commit(boolean autostart) throws VmmigException;

    void copied() throws VmmigException;

    /** Ends the journal: the migration is resolved. */
    void end() throws VmmigException;
}
