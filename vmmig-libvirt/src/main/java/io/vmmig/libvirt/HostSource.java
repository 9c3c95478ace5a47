// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.VmmigException;
import io.vmmig.libvirt.binding.HostControl;

/** Provides connections to libvirt. Thread-safe. */
interface HostSource extends AutoCloseable {
    /** A share of a connection that is not known to be broken; the caller closes it. */
    HostControl connection() throws VmmigException;

    /** The error for calls after {@link #close()}. */
    HypervisorException closed();

    /** Advice for when libvirt cannot be reached. */
    String remedyIfUnreachable();

    @Override
    void close();
}
