// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.binding;

import com.sun.jna.Memory;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/** Queries that do not change a domain. */
public interface DomainView extends AutoCloseable {
    /** The name. */
    String name();

    /** The uuid. */
    UUID uuid() throws LibvirtError;

    /** Its state and the reason. */
    DomainStatus status() throws LibvirtError;

    /** Its state. */
    default DomainState state() throws LibvirtError {
        return status().state();
    }

    /** Whether it is persistent. */
    boolean persistent() throws LibvirtError;

    /** Whether it has a running job, such as a save or a migration. */
    boolean busy() throws LibvirtError;

    /** Whether a disk has a running block job, such as a commit or a pull. */
    boolean hasBlockJob(String target) throws LibvirtError;

    /** The live XML, with secrets, in the migratable form that another libvirt can read. */
    String xml() throws LibvirtError;

    /** The live XML in the form for this libvirt only. */
    String liveXml() throws LibvirtError;

    /** The XML for its next start, with secrets, in the migratable form that another libvirt can read. */
    String definition() throws LibvirtError;

    /** Its clock, through its agent. */
    Instant time() throws LibvirtError;

    /** Whether the host starts it when the host boots. */
    boolean autostart() throws LibvirtError;

    /** Whether it would start from a saved state. */
    boolean hasManagedSave() throws LibvirtError;

    /** The names of its snapshots. */
    List<String> snapshots() throws LibvirtError;

    /** The names of its checkpoints; empty if libvirt does not support them. */
    List<String> checkpoints() throws LibvirtError;

    /** All XML that libvirt has of the domain: live, defined, of each snapshot, and of its managed-save image. */
    List<String> everyXml() throws LibvirtError;

    /**
     * Reads guest-physical memory.
     *
     * @param target is filled; at most {@link Domain#MAX_PEEK_BYTES}
     */
    void peek(long address, Memory target) throws LibvirtError;

    /** Its memory statistics. */
    MemoryStatistics memoryStatistics() throws LibvirtError;

    @Override
    void close();
}
