// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.binding;

import com.sun.jna.Memory;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/** What can be asked of a domain without changing anything. */
public interface DomainView extends AutoCloseable {
    /** The name. */
    String name();

    /** The uuid. */
    UUID uuid() throws LibvirtError;

    /** What it is doing, and why. */
    DomainStatus status() throws LibvirtError;

    /** What it is doing. */
    default DomainState state() throws LibvirtError {
        return status().state();
    }

    /** Whether its definition outlives its run. */
    boolean persistent() throws LibvirtError;

    /** Whether a long job, such as a save or a migration, is under way. */
    boolean busy() throws LibvirtError;

    /** Whether a block job, such as a commit or a pull, is under way on a disk. */
    boolean hasBlockJob(String target) throws LibvirtError;

    /** The XML as it runs now, with secrets, in the form that another libvirt can read. */
    String xml() throws LibvirtError;

    /** The XML as it runs now, as this libvirt alone can read it. */
    String liveXml() throws LibvirtError;

    /** The XML that its next start uses, with secrets, in the form that another libvirt can read. */
    String definition() throws LibvirtError;

    /** What its clock shows, by its agent. */
    Instant time() throws LibvirtError;

    /** Whether the host starts it when the host boots. */
    boolean autostart() throws LibvirtError;

    /** Whether it would start from a saved state. */
    boolean hasManagedSave() throws LibvirtError;

    /** The names of its snapshots. */
    List<String> snapshots() throws LibvirtError;

    /** The names of its checkpoints; none where libvirt does not know such. */
    List<String> checkpoints() throws LibvirtError;

    /**
     * Everything by which libvirt knows the domain: its XML as it runs, as it is defined, of each snapshot, and of the state that it
     * would start from.
     */
    List<String> everyXml() throws LibvirtError;

    /**
     * Reads guest-physical memory.
     *
     * @param target is filled; at most {@link Domain#MAX_PEEK_BYTES}
     */
    void peek(long address, Memory target) throws LibvirtError;

    /** What is known of its memory. */
    MemoryStatistics memoryStatistics() throws LibvirtError;

    @Override
    void close();
}
