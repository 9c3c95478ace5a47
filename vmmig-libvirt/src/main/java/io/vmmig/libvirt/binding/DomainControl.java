// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.binding;

import java.time.Instant;

/** All that can be done with a domain; what is declared here changes something. */
public interface DomainControl extends DomainView {
    /** Suspends it, its writes flushed. */
    void suspend() throws LibvirtError;

    /** Resumes it. */
    void resume() throws LibvirtError;

    /** Ends it at once, if it runs. */
    void destroy() throws LibvirtError;

    /** Forgets its definition and all that libvirt keeps of it, apart from its files: disks, NVRAM and TPM state stay. */
    void undefine() throws LibvirtError;

    /** Has the host start it when the host boots, or not. */
    void setAutostart(boolean on) throws LibvirtError;

    /** Has its agent set its clock. */
    void setTime(Instant time) throws LibvirtError;

    /** Aborts the long job that is under way. */
    void abortJob() throws LibvirtError;

    /** Has its balloon driver tell about its memory so often, as long as it runs; 0 is never. */
    void setMemoryStatisticsPeriod(int seconds) throws LibvirtError;

    /** Asks its balloon driver to leave it that much memory, and waits for nothing. */
    void setMemory(long bytes) throws LibvirtError;

    /** Changes a device of the running domain to what this XML says. */
    void updateDevice(String deviceXml) throws LibvirtError;

    /** Makes an external snapshot of which libvirt itself keeps no record. Returns when it is written. */
    void snapshot(String snapshotXml) throws LibvirtError;
}
