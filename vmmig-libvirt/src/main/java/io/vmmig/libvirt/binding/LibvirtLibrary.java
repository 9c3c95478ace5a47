// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.binding;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The functions of libvirt that vmmig calls, by their C names, and its error handler. */
final class LibvirtLibrary {
    /** The library's one stable ABI; its plain name exists only where development files are installed. */
    private static final String NAME = "libvirt.so.0";

    static {
        NativeLibrary library = NativeLibrary.getInstance(NAME, Map.of(Library.OPTION_STRING_ENCODING, "UTF-8"));
        Native.register(LibvirtLibrary.class, library);
        // libvirt prints each error unless there is an error handler. This one does nothing; since it is native,
        // libvirt's own
        // threads can call it without attaching to the JVM, even while that shuts down.
        virSetErrorFunc(null, NativeLibrary.getInstance("libc.so.6").getFunction("getppid"));
    }

    private LibvirtLibrary() {}

    static native void virSetErrorFunc(@Nullable Pointer userData, Pointer function);

    static native @Nullable Pointer virGetLastError();

    static native int virEventRegisterDefaultImpl();

    static native int virEventRunDefaultImpl();

    static native @Nullable Pointer virConnectOpen(String uri);

    static native int virConnectRef(Pointer connection);

    static native int virConnectClose(Pointer connection);

    static native int virConnectIsAlive(Pointer connection);

    static native int virConnectSetKeepAlive(Pointer connection, int intervalSeconds, int count);

    static native @Nullable Pointer virConnectGetCapabilities(Pointer connection);

    static native @Nullable Pointer virConnectGetHostname(Pointer connection);

    static native int virConnectGetVersion(Pointer connection, long[] version);

    static native int virConnectGetLibVersion(Pointer connection, long[] version);

    static native long virNodeGetFreeMemory(Pointer connection);

    static native int virConnectListAllDomains(Pointer connection, PointerByReference domains, int flags);

    static native @Nullable Pointer virDomainLookupByName(Pointer connection, String name);

    static native @Nullable Pointer virDomainLookupByUUIDString(Pointer connection, String uuid);

    static native @Nullable Pointer virNetworkLookupByName(Pointer connection, String name);

    static native int virNetworkIsActive(Pointer network);

    static native int virNetworkFree(Pointer network);

    static native @Nullable Pointer virNWFilterLookupByName(Pointer connection, String name);

    static native int virNWFilterFree(Pointer filter);

    static native @Nullable Pointer virDomainDefineXML(Pointer connection, String xml);

    static native @Nullable Pointer virDomainCreateXML(Pointer connection, String xml, int flags);

    static native int virDomainRestoreFlags(Pointer connection, String path, @Nullable String xml, int flags);

    static native int virDomainFree(Pointer domain);

    static native String virDomainGetName(Pointer domain);

    static native int virDomainGetUUIDString(Pointer domain, byte[] text);

    static native int virDomainGetState(Pointer domain, int[] state, int[] reason, int flags);

    static native int virConnectDomainEventRegisterAny(
            Pointer connection, Pointer domain, int event, Pointer callback, Pointer opaque, @Nullable Pointer free);

    static native int virConnectDomainEventDeregisterAny(Pointer connection, int registration);

    static native int virDomainIsPersistent(Pointer domain);

    static native int virDomainGetJobInfo(Pointer domain, Pointer info);

    static native int virDomainGetBlockJobInfo(Pointer domain, String disk, Pointer info, int flags);

    static native int virDomainAbortJob(Pointer domain);

    static native int virDomainBlockCommit(
            Pointer domain, String disk, @Nullable String base, @Nullable String top, long bandwidth, int flags);

    static native int virDomainBlockJobAbort(Pointer domain, String disk, int flags);

    static native @Nullable Pointer virDomainGetXMLDesc(Pointer domain, int flags);

    static native int virDomainCreate(Pointer domain);

    static native int virDomainSuspend(Pointer domain);

    static native int virDomainMigrateSetMaxDowntime(Pointer domain, long millis, int flags);

    static native int virDomainResume(Pointer domain);

    static native int virDomainDestroy(Pointer domain);

    static native int virDomainUndefineFlags(Pointer domain, int flags);

    static native int virDomainMemoryPeek(Pointer domain, long start, long size, Pointer buffer, int flags);

    static native int virDomainMemoryStats(Pointer domain, Pointer entries, int count, int flags);

    static native int virDomainSetMemoryFlags(Pointer domain, long kib, int flags);

    static native int virDomainSetMemoryStatsPeriod(Pointer domain, int seconds, int flags);

    static native int virDomainUpdateDeviceFlags(Pointer domain, String xml, int flags);

    static native @Nullable Pointer virDomainSnapshotCreateXML(Pointer domain, String xml, int flags);

    static native int virDomainSnapshotFree(Pointer snapshot);

    static native int virDomainListAllSnapshots(Pointer domain, PointerByReference snapshots, int flags);

    static native String virDomainSnapshotGetName(Pointer snapshot);

    static native @Nullable Pointer virDomainSnapshotGetXMLDesc(Pointer snapshot, int flags);

    static native @Nullable Pointer virDomainManagedSaveGetXMLDesc(Pointer domain, int flags);

    static native @Nullable Pointer virStoragePoolLookupByName(Pointer connection, String name);

    static native int virStoragePoolFree(Pointer pool);

    static native @Nullable Pointer virStorageVolLookupByName(Pointer pool, String name);

    static native @Nullable Pointer virStorageVolGetPath(Pointer volume);

    static native int virStorageVolFree(Pointer volume);

    static native int virDomainListAllCheckpoints(Pointer domain, PointerByReference checkpoints, int flags);

    static native String virDomainCheckpointGetName(Pointer checkpoint);

    static native int virDomainCheckpointFree(Pointer checkpoint);

    static native int virDomainHasManagedSaveImage(Pointer domain, int flags);

    static native int virDomainGetAutostart(Pointer domain, int[] autostart);

    static native int virDomainGetTime(Pointer domain, long[] seconds, int[] nanoseconds, int flags);

    static native int virDomainSetTime(Pointer domain, long seconds, int nanoseconds, int flags);

    static native int virDomainSetAutostart(Pointer domain, int autostart);
}
