// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.binding;

import static io.vmmig.libvirt.binding.LibvirtError.checked;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection to libvirt. Thread-safe. Each {@link #share()} is closed separately, and libvirt's connection ends with the last
 * one, so that it is never closed during a call.
 */
public final class Connection implements HostControl {
    private static final Logger LOG = LoggerFactory.getLogger(Connection.class);
    private static final int KEEP_ALIVE_SECONDS = 5;
    private static final int KEEP_ALIVE_MISSES = 5;

    private final Pointer handle;
    private boolean closed;

    private Connection(Pointer handle) {
        this.handle = handle;
    }

    /**
     * Opens a connection.
     *
     * @throws LinkageError when this machine has no libvirt
     */
    public static Connection open(String uri) throws LibvirtError {
        EventLoop.ensureRunning();
        Connection connection = new Connection(checked(LibvirtLibrary.virConnectOpen(uri)));
        if (LibvirtLibrary.virConnectSetKeepAlive(connection.handle, KEEP_ALIVE_SECONDS, KEEP_ALIVE_MISSES) != 0) {
            LOG.debug("{} offers no keep-alive", uri);
        }
        return connection;
    }

    /** Another owner's share of this connection. */
    public synchronized Connection share() throws LibvirtError {
        checked(LibvirtLibrary.virConnectRef(open()));
        return new Connection(handle);
    }

    @Override
    public synchronized boolean isAlive() {
        return !closed && LibvirtLibrary.virConnectIsAlive(handle) == 1;
    }

    @Override
    public String capabilities() throws LibvirtError {
        return owned(LibvirtLibrary.virConnectGetCapabilities(open()));
    }

    @Override
    public String hostName() throws LibvirtError {
        return owned(LibvirtLibrary.virConnectGetHostname(open()));
    }

    @Override
    public String hypervisorVersion() throws LibvirtError {
        long[] version = new long[1];
        checked(LibvirtLibrary.virConnectGetVersion(open(), version));
        return dotted(version[0]);
    }

    @Override
    public String libvirtVersion() throws LibvirtError {
        long[] version = new long[1];
        checked(LibvirtLibrary.virConnectGetLibVersion(open(), version));
        return dotted(version[0]);
    }

    @Override
    public long freeMemory() throws LibvirtError {
        long free = LibvirtLibrary.virNodeGetFreeMemory(open());
        if (free == 0) {
            throw LibvirtError.last();
        }
        return free;
    }

    @Override
    public DomainEvents watch(UUID watched, boolean everything, Consumer<DomainEvent> listener) throws LibvirtError {
        try (Domain domain = domain(watched)) {
            return DomainEvents.of(this, domain, everything, listener);
        }
    }

    @Override
    public void requireNetwork(String name) throws LibvirtError {
        Pointer network = checked(LibvirtLibrary.virNetworkLookupByName(open(), name));
        try {
            if (checked(LibvirtLibrary.virNetworkIsActive(network)) == 0) {
                throw new LibvirtError(LibvirtError.OPERATION_INVALID, "network '" + name + "' is not active");
            }
        } finally {
            LibvirtLibrary.virNetworkFree(network);
        }
    }

    @Override
    public void requireFilter(String name) throws LibvirtError {
        LibvirtLibrary.virNWFilterFree(checked(LibvirtLibrary.virNWFilterLookupByName(open(), name)));
    }

    @Override
    public List<DomainControl> domains() throws LibvirtError {
        PointerByReference array = new PointerByReference();
        int count = checked(LibvirtLibrary.virConnectListAllDomains(open(), array, 0));
        return elements(array, count).stream().<DomainControl>map(Domain::new).toList();
    }

    @Override
    public Domain domain(String name) throws LibvirtError {
        return new Domain(checked(LibvirtLibrary.virDomainLookupByName(open(), name)));
    }

    @Override
    public Domain domain(UUID uuid) throws LibvirtError {
        return new Domain(checked(LibvirtLibrary.virDomainLookupByUUIDString(open(), uuid.toString())));
    }

    @Override
    public String volumePath(String pool, String volume) throws LibvirtError {
        Pointer from = checked(LibvirtLibrary.virStoragePoolLookupByName(open(), pool));
        try {
            Pointer found = checked(LibvirtLibrary.virStorageVolLookupByName(from, volume));
            try {
                return owned(LibvirtLibrary.virStorageVolGetPath(found));
            } finally {
                LibvirtLibrary.virStorageVolFree(found);
            }
        } finally {
            LibvirtLibrary.virStoragePoolFree(from);
        }
    }

    @Override
    public Domain define(String domainXml) throws LibvirtError {
        return new Domain(checked(LibvirtLibrary.virDomainDefineXML(open(), domainXml)));
    }

    /** Starts a transient domain. */
    public Domain create(String domainXml) throws LibvirtError {
        return new Domain(checked(LibvirtLibrary.virDomainCreateXML(open(), domainXml, 0)));
    }

    @Override
    public void restore(Path image, boolean paused) throws LibvirtError {
        int running = 2;
        checked(LibvirtLibrary.virDomainRestoreFlags(open(), image.toString(), null, paused ? 2 * running : running));
    }

    /** Returns libvirt's number of the registration, or something negative. */
    int registerEvents(Domain domain, int event, Pointer callback, Pointer opaque) {
        return LibvirtLibrary.virConnectDomainEventRegisterAny(open(), domain.open(), event, callback, opaque, null);
    }

    /** Errors are ignored: a broken connection has ended the registration. */
    void deregisterEvents(int registration) {
        if (LibvirtLibrary.virConnectDomainEventDeregisterAny(open(), registration) < 0) {
            LOG.debug("could not deregister events: {}", LibvirtError.last().getMessage());
        }
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            LibvirtLibrary.virConnectClose(handle);
        }
    }

    private Pointer open() {
        if (closed) {
            throw new IllegalStateException("the connection is closed");
        }
        return handle;
    }

    /** A string that libvirt has allocated for the caller. */
    static String owned(@Nullable Pointer string) throws LibvirtError {
        Pointer text = checked(string);
        try {
            return text.getString(0, "UTF-8");
        } finally {
            Native.free(Pointer.nativeValue(text));
        }
    }

    /** The elements of an array that libvirt has allocated for the caller, who frees each. */
    static List<Pointer> elements(PointerByReference array, int count) {
        Pointer pointers = array.getValue();
        List<Pointer> elements = count == 0 ? List.of() : List.of(pointers.getPointerArray(0, count));
        Native.free(Pointer.nativeValue(pointers));
        return elements;
    }

    private static String dotted(long version) {
        return version / 1_000_000 + "." + version / 1000 % 1000 + "." + version % 1000;
    }
}
