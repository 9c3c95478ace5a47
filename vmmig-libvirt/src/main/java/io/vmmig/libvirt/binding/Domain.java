// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.binding;

import static io.vmmig.libvirt.binding.LibvirtError.checked;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;

/** A handle of a domain. Used and closed by one thread; any number of handles may exist for one domain. */
public final class Domain implements DomainControl {
    /** The maximum that libvirt's daemon returns in one answer. */
    public static final int MAX_PEEK_BYTES = 4 << 20;

    private static final int AFFECT_LIVE = 1;
    private static final int MEMORY_PHYSICAL = 2;
    private static final int XML_SECURE = 1;
    private static final int XML_INACTIVE = 2;
    private static final int XML_MIGRATABLE = 8;
    private static final int SNAPSHOT_NO_METADATA = 1 << 2;
    private static final int SNAPSHOT_DISK_ONLY = 1 << 4;
    private static final int SNAPSHOT_REUSE_EXTERNAL = 1 << 5;
    private static final int SNAPSHOT_ATOMIC = 1 << 7;
    private static final int SNAPSHOT_LIVE = 1 << 8;
    private static final int COMMIT_SHALLOW = 1;
    private static final int COMMIT_ACTIVE = 1 << 2;
    private static final int JOB_PIVOT = 1 << 1;
    private static final int UNDEFINE_MANAGED_SAVE = 1;
    private static final int UNDEFINE_SNAPSHOTS_METADATA = 1 << 1;
    private static final int UNDEFINE_KEEP_NVRAM = 1 << 3;
    private static final int UNDEFINE_CHECKPOINTS_METADATA = 1 << 4;
    private static final int UNDEFINE_KEEP_TPM = 1 << 6;
    private static final int UUID_TEXT_BYTES = 37;
    /** An int, its padding and eleven longs, with room for what later versions may add. */
    private static final int JOB_INFO_BYTES = 256;

    private final Pointer handle;
    private boolean closed;

    Domain(Pointer handle) {
        this.handle = handle;
    }

    @Override
    public String name() {
        return LibvirtLibrary.virDomainGetName(open());
    }

    @Override
    public UUID uuid() throws LibvirtError {
        byte[] text = new byte[UUID_TEXT_BYTES];
        checked(LibvirtLibrary.virDomainGetUUIDString(open(), text));
        return UUID.fromString(new String(text, 0, UUID_TEXT_BYTES - 1, StandardCharsets.US_ASCII));
    }

    @Override
    public DomainStatus status() throws LibvirtError {
        int[] state = new int[1];
        int[] reason = new int[1];
        checked(LibvirtLibrary.virDomainGetState(open(), state, reason, 0));
        DomainState[] known = DomainState.values();
        return new DomainStatus(state[0] < known.length ? known[state[0]] : DomainState.NO_STATE, reason[0]);
    }

    @Override
    public boolean persistent() throws LibvirtError {
        return checked(LibvirtLibrary.virDomainIsPersistent(open())) == 1;
    }

    @Override
    public boolean busy() throws LibvirtError {
        try (Memory info = new Memory(JOB_INFO_BYTES)) {
            info.clear();
            checked(LibvirtLibrary.virDomainGetJobInfo(open(), info));
            return info.getInt(0) != 0;
        }
    }

    @Override
    public boolean hasBlockJob(String target) throws LibvirtError {
        try (Memory info = new Memory(JOB_INFO_BYTES)) {
            return checked(LibvirtLibrary.virDomainGetBlockJobInfo(open(), target, info, 0)) == 1;
        }
    }

    @Override
    public void abortJob() throws LibvirtError {
        checked(LibvirtLibrary.virDomainAbortJob(open()));
    }

    @Override
    public String xml() throws LibvirtError {
        return Connection.owned(LibvirtLibrary.virDomainGetXMLDesc(open(), XML_SECURE | XML_MIGRATABLE));
    }

    @Override
    public String liveXml() throws LibvirtError {
        return Connection.owned(LibvirtLibrary.virDomainGetXMLDesc(open(), 0));
    }

    @Override
    public String definition() throws LibvirtError {
        return Connection.owned(LibvirtLibrary.virDomainGetXMLDesc(open(), XML_INACTIVE | XML_SECURE | XML_MIGRATABLE));
    }

    @Override
    public boolean autostart() throws LibvirtError {
        int[] autostart = new int[1];
        checked(LibvirtLibrary.virDomainGetAutostart(open(), autostart));
        return autostart[0] != 0;
    }

    @Override
    public void setAutostart(boolean on) throws LibvirtError {
        checked(LibvirtLibrary.virDomainSetAutostart(open(), on ? 1 : 0));
    }

    @Override
    public Instant time() throws LibvirtError {
        long[] seconds = new long[1];
        int[] nanoseconds = new int[1];
        checked(LibvirtLibrary.virDomainGetTime(open(), seconds, nanoseconds, 0));
        return Instant.ofEpochSecond(seconds[0], nanoseconds[0]);
    }

    @Override
    public void setTime(Instant time) throws LibvirtError {
        checked(LibvirtLibrary.virDomainSetTime(open(), time.getEpochSecond(), time.getNano(), 0));
    }

    @Override
    public boolean hasManagedSave() throws LibvirtError {
        return checked(LibvirtLibrary.virDomainHasManagedSaveImage(open(), 0)) == 1;
    }

    @Override
    public List<String> snapshots() throws LibvirtError {
        PointerByReference array = new PointerByReference();
        int count = checked(LibvirtLibrary.virDomainListAllSnapshots(open(), array, 0));
        return names(array, count, LibvirtLibrary::virDomainSnapshotGetName, LibvirtLibrary::virDomainSnapshotFree);
    }

    @Override
    public List<String> checkpoints() throws LibvirtError {
        PointerByReference array = new PointerByReference();
        int count = LibvirtLibrary.virDomainListAllCheckpoints(open(), array, 0);
        if (count < 0) {
            LibvirtError error = LibvirtError.last();
            if (error.code() == LibvirtError.NO_SUPPORT) {
                return List.of();
            }
            throw error;
        }
        return names(array, count, LibvirtLibrary::virDomainCheckpointGetName, LibvirtLibrary::virDomainCheckpointFree);
    }

    private static List<String> names(
            PointerByReference array, int count, Function<Pointer, String> name, Function<Pointer, Integer> free) {
        List<String> names = new ArrayList<>(count);
        for (Pointer element : Connection.elements(array, count)) {
            names.add(name.apply(element));
            free.apply(element);
        }
        return names;
    }

    @Override
    public List<String> everyXml() throws LibvirtError {
        List<String> all = new ArrayList<>();
        all.add(liveXml());
        if (persistent()) {
            all.add(Connection.owned(LibvirtLibrary.virDomainGetXMLDesc(open(), XML_INACTIVE)));
        }
        addSnapshots(all);
        if (hasManagedSave()) {
            all.add(Connection.owned(LibvirtLibrary.virDomainManagedSaveGetXMLDesc(open(), 0)));
        }
        return all;
    }

    private void addSnapshots(List<String> all) throws LibvirtError {
        PointerByReference array = new PointerByReference();
        int count = checked(LibvirtLibrary.virDomainListAllSnapshots(open(), array, 0));
        List<Pointer> snapshots = Connection.elements(array, count);
        try {
            for (Pointer snapshot : snapshots) {
                all.add(Connection.owned(LibvirtLibrary.virDomainSnapshotGetXMLDesc(snapshot, 0)));
            }
        } finally {
            snapshots.forEach(LibvirtLibrary::virDomainSnapshotFree);
        }
    }

    /** Starts a stopped domain. */
    public void start() throws LibvirtError {
        checked(LibvirtLibrary.virDomainCreate(open()));
    }

    @Override
    public void suspend() throws LibvirtError {
        checked(LibvirtLibrary.virDomainSuspend(open()));
    }

    @Override
    public void resume() throws LibvirtError {
        checked(LibvirtLibrary.virDomainResume(open()));
    }

    @Override
    public void destroy() throws LibvirtError {
        if (LibvirtLibrary.virDomainDestroy(open()) < 0) {
            LibvirtError error = LibvirtError.last();
            // A transient domain can be gone before libvirt accesses it again to report success.
            boolean gone = error.code() == LibvirtError.NO_DOMAIN || error.code() == LibvirtError.OPERATION_INVALID;
            if (!gone) {
                throw error;
            }
        }
    }

    @Override
    public void undefine() throws LibvirtError {
        int flags = UNDEFINE_MANAGED_SAVE
                | UNDEFINE_SNAPSHOTS_METADATA
                | UNDEFINE_KEEP_NVRAM
                | UNDEFINE_CHECKPOINTS_METADATA;
        if (LibvirtLibrary.virDomainUndefineFlags(open(), flags | UNDEFINE_KEEP_TPM) < 0) {
            if (LibvirtError.last().code() != LibvirtError.INVALID_ARGUMENT) {
                throw LibvirtError.last();
            }
            // libvirt before 8.9 does not know that flag.
            checked(LibvirtLibrary.virDomainUndefineFlags(open(), flags));
        }
    }

    @Override
    public void peek(long address, Memory target) throws LibvirtError {
        checked(LibvirtLibrary.virDomainMemoryPeek(open(), address, target.size(), target, MEMORY_PHYSICAL));
    }

    @Override
    public MemoryStatistics memoryStatistics() throws LibvirtError {
        try (Memory entries = new Memory((long) MemoryStatistics.MAX_ENTRIES * MemoryStatistics.ENTRY_BYTES)) {
            entries.clear();
            int count = checked(LibvirtLibrary.virDomainMemoryStats(open(), entries, MemoryStatistics.MAX_ENTRIES, 0));
            return MemoryStatistics.of(entries, count);
        }
    }

    @Override
    public void setMemoryStatisticsPeriod(int seconds) throws LibvirtError {
        checked(LibvirtLibrary.virDomainSetMemoryStatsPeriod(open(), seconds, AFFECT_LIVE));
    }

    @Override
    public void setMemory(long bytes) throws LibvirtError {
        checked(LibvirtLibrary.virDomainSetMemoryFlags(open(), bytes >> 10, AFFECT_LIVE));
    }

    @Override
    public void updateDevice(String deviceXml) throws LibvirtError {
        checked(LibvirtLibrary.virDomainUpdateDeviceFlags(open(), deviceXml, AFFECT_LIVE));
    }

    @Override
    public void snapshot(String snapshotXml, boolean live) throws LibvirtError {
        takeSnapshot(snapshotXml, live ? SNAPSHOT_LIVE : 0);
    }

    @Override
    public void snapshotDisks(String snapshotXml) throws LibvirtError {
        takeSnapshot(snapshotXml, SNAPSHOT_DISK_ONLY | SNAPSHOT_REUSE_EXTERNAL | SNAPSHOT_ATOMIC);
    }

    private void takeSnapshot(String snapshotXml, int flags) throws LibvirtError {
        LibvirtLibrary.virDomainSnapshotFree(
                checked(LibvirtLibrary.virDomainSnapshotCreateXML(open(), snapshotXml, SNAPSHOT_NO_METADATA | flags)));
    }

    @Override
    public void commitActive(String target) throws LibvirtError {
        checked(LibvirtLibrary.virDomainBlockCommit(open(), target, null, null, 0, COMMIT_SHALLOW | COMMIT_ACTIVE));
    }

    @Override
    public void pivot(String target) throws LibvirtError {
        checked(LibvirtLibrary.virDomainBlockJobAbort(open(), target, JOB_PIVOT));
    }

    @Override
    public void abortBlockJob(String target) throws LibvirtError {
        checked(LibvirtLibrary.virDomainBlockJobAbort(open(), target, 0));
    }

    @Override
    public void limitDowntime(long millis) throws LibvirtError {
        checked(LibvirtLibrary.virDomainMigrateSetMaxDowntime(open(), millis, 0));
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            LibvirtLibrary.virDomainFree(handle);
        }
    }

    /** libvirt's handle. */
    Pointer open() {
        if (closed) {
            throw new IllegalStateException("the handle is closed");
        }
        return handle;
    }
}
