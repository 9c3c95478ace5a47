// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.VmmigException;
import io.vmmig.libvirt.binding.HostControl;

/** Where connections to libvirt come from. Thread-safe. */
interface HostSource extends AutoCloseable {
    /** A share of a connection that works, as far as is known; the caller closes it. */
    HostControl connection() throws VmmigException;

    /** What a call gets that comes after {@link #close()}. */
    HypervisorException closed();

    /** What a user can do when libvirt cannot be reached. */
    String remedyIfUnreachable();

    /** Where the QEMU of a guest of that name writes its log. */
    String qemuLog(String guest);

    @Override
    void close();
}
