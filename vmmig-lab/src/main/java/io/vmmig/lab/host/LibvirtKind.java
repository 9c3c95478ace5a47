// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.host;

/** The libvirt of a lab host; {@link #close()} leaves nothing of it. */
sealed interface LibvirtKind extends AutoCloseable permits EmbeddedLibvirt, LibvirtDaemon, LabHost.Shared {
    /** Where it is to be reached. */
    String uri();

    @Override
    void close();
}
