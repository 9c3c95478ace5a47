// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.binding;

import java.time.Instant;

/** Operations that change a domain. */
public interface DomainControl extends DomainView {
    /** Suspends it, with its writes flushed. */
    void suspend() throws LibvirtError;

    /** Resumes it. */
    void resume() throws LibvirtError;

    /** Ends it at once, if it runs. */
    void destroy() throws LibvirtError;

    /** Removes its definition and all of libvirt's metadata. Its files (disks, NVRAM, TPM state) stay. */
    void undefine() throws LibvirtError;

    /** Sets whether the host starts it at boot. */
    void setAutostart(boolean on) throws LibvirtError;

    /** Sets its clock through its agent. */
    void setTime(Instant time) throws LibvirtError;

    /** Aborts its running job. */
    void abortJob() throws LibvirtError;

    /** Sets how often its balloon driver reports statistics, until it ends; 0 for never. */
    void setMemoryStatisticsPeriod(int seconds) throws LibvirtError;

    /** Sets the target of its balloon; does not wait. */
    void setMemory(long bytes) throws LibvirtError;

    /** Updates a device of the running domain. */
    void updateDevice(String deviceXml) throws LibvirtError;

    /**
     * Takes an external snapshot without libvirt metadata. Returns when it is written.
     *
     * @param live whether the domain runs meanwhile
     */
    void snapshot(String snapshotXml, boolean live) throws LibvirtError;

    /** Takes an external snapshot of disks only, without libvirt metadata, into images that are there. All disks or none are in it. */
    void snapshotDisks(String snapshotXml) throws LibvirtError;

    /** Starts to commit a disk's active image into the one below it. Does not wait; {@link #pivot} ends it. */
    void commitActive(String target) throws LibvirtError;

    /** Ends the commit of a disk's active image, which is ready: from now on the disk is the image below. */
    void pivot(String target) throws LibvirtError;

    /** Cancels the block job of a disk. */
    void abortBlockJob(String target) throws LibvirtError;

    /** Sets how long the domain may be paused at the end of its running or next live job, in milliseconds. */
    void limitDowntime(long millis) throws LibvirtError;
}
