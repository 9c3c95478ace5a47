// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport;

import io.vmmig.VmmigException;

/** A way to a destination: a host, a file. Immutable and reusable; each {@link #open()} is one transfer. */
public interface Transport {
    /** Connects. Fails, within a deadline, before the guest is touched. */
    OutgoingSession open() throws VmmigException;

    /** Whom or what it leads to, for people and for reports. */
    String description();

    /** Whether a guest comes to life at the other end, rather than lie there as a package. */
    boolean live();
}
