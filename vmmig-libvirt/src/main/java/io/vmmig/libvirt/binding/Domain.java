// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.binding;

import static io.vmmig.libvirt.binding.LibvirtError.checked;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;

/** A handle of a domain. Used and closed by one thread; any number of handles may exist for one domain. */
public final class Domain implements AutoCloseable {
    /** The most that libvirt's daemon puts into one answer. */
    public static final int MAX_PEEK_BYTES = 4 << 20;

    private static final int AFFECT_LIVE = 1;
    private static final int MEMORY_PHYSICAL = 2;
    private static final int XML_SECURE = 1;
    private static final int XML_INACTIVE = 2;
    private static final int XML_MIGRATABLE = 8;
    private static final int SNAPSHOT_NO_METADATA = 1 << 2;
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

    /** The name. */
    public String name() {
        return LibvirtLibrary.virDomainGetName(open());
    }

    /** The uuid. */
    public UUID uuid() throws LibvirtError {
        byte[] text = new byte[UUID_TEXT_BYTES];
        checked(LibvirtLibrary.virDomainGetUUIDString(open(), text));
        return UUID.fromString(new String(text, 0, UUID_TEXT_BYTES - 1, StandardCharsets.US_ASCII));
    }

    /** What it is doing. */
    public DomainState state() throws LibvirtError {
        return status().state();
    }

    /** What it is doing, and why. */
    public DomainStatus status() throws LibvirtError {
        int[] state = new int[1];
        int[] reason = new int[1];
        checked(LibvirtLibrary.virDomainGetState(open(), state, reason, 0));
        DomainState[] known = DomainState.values();
        return new DomainStatus(state[0] < known.length ? known[state[0]] : DomainState.NO_STATE, reason[0]);
    }

    /** Whether its definition outlives its run. */
    public boolean persistent() throws LibvirtError {
        return checked(LibvirtLibrary.virDomainIsPersistent(open())) == 1;
    }

    /** Whether a long job, such as a save or a migration, is under way. */
    public boolean busy() throws LibvirtError {
        try (Memory info = new Memory(JOB_INFO_BYTES)) {
            info.clear();
            checked(LibvirtLibrary.virDomainGetJobInfo(open(), info));
            return info.getInt(0) != 0;
        }
    }

    /** Whether a block job, such as a commit or a pull, is under way on a disk. */
    public boolean hasBlockJob(String target) throws LibvirtError {
        try (Memory info = new Memory(JOB_INFO_BYTES)) {
            return checked(LibvirtLibrary.virDomainGetBlockJobInfo(open(), target, info, 0)) == 1;
        }
    }

    /** Aborts that job. */
    public void abortJob() throws LibvirtError {
        checked(LibvirtLibrary.virDomainAbortJob(open()));
    }

    /** The XML as it runs now, with secrets, in the form that another libvirt can read. */
    public String xml() throws LibvirtError {
        return Connection.owned(LibvirtLibrary.virDomainGetXMLDesc(open(), XML_SECURE | XML_MIGRATABLE));
    }

    /** The XML as it runs now, as this libvirt alone can read it. */
    public String liveXml() throws LibvirtError {
        return Connection.owned(LibvirtLibrary.virDomainGetXMLDesc(open(), 0));
    }

    /** The XML that its next start uses, with secrets, in the form that another libvirt can read. */
    public String definition() throws LibvirtError {
        return Connection.owned(LibvirtLibrary.virDomainGetXMLDesc(open(), XML_INACTIVE | XML_SECURE | XML_MIGRATABLE));
    }

    /** Whether the host starts it when the host boots. */
    public boolean autostart() throws LibvirtError {
        int[] autostart = new int[1];
        checked(LibvirtLibrary.virDomainGetAutostart(open(), autostart));
        return autostart[0] != 0;
    }

    /** Has the host start it when the host boots, or not. */
    public void setAutostart(boolean on) throws LibvirtError {
        checked(LibvirtLibrary.virDomainSetAutostart(open(), on ? 1 : 0));
    }

    /** Whether it would start from a saved state. */
    public boolean hasManagedSave() throws LibvirtError {
        return checked(LibvirtLibrary.virDomainHasManagedSaveImage(open(), 0)) == 1;
    }

    /** The names of its snapshots. */
    public List<String> snapshots() throws LibvirtError {
        PointerByReference array = new PointerByReference();
        int count = checked(LibvirtLibrary.virDomainListAllSnapshots(open(), array, 0));
        return names(array, count, LibvirtLibrary::virDomainSnapshotGetName, LibvirtLibrary::virDomainSnapshotFree);
    }

    /** The names of its checkpoints; none where libvirt does not know such. */
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
        Pointer pointers = array.getValue();
        for (int i = 0; i < count; i++) {
            Pointer element = pointers.getPointer((long) i * Native.POINTER_SIZE);
            names.add(name.apply(element));
            free.apply(element);
        }
        Native.free(Pointer.nativeValue(pointers));
        return names;
    }

    /**
     * Everything by which libvirt knows the domain: its XML as it runs, as it is defined, of each snapshot, and of the state that it
     * would start from.
     */
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
        Pointer pointers = array.getValue();
        List<Pointer> snapshots = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            snapshots.add(pointers.getPointer((long) i * Native.POINTER_SIZE));
        }
        Native.free(Pointer.nativeValue(pointers));
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

    /** Makes it stand still, its writes flushed. */
    public void suspend() throws LibvirtError {
        checked(LibvirtLibrary.virDomainSuspend(open()));
    }

    /** Makes it go on. */
    public void resume() throws LibvirtError {
        checked(LibvirtLibrary.virDomainResume(open()));
    }

    /** Ends it at once, if it runs. */
    public void destroy() throws LibvirtError {
        if (LibvirtLibrary.virDomainDestroy(open()) < 0) {
            LibvirtError error = LibvirtError.last();
            // A transient domain can be gone before libvirt looks at it once more to report success.
            boolean gone = error.code() == LibvirtError.NO_DOMAIN || error.code() == LibvirtError.OPERATION_INVALID;
            if (!gone) {
                throw error;
            }
        }
    }

    /** Forgets its definition and all that libvirt keeps of it, apart from its files: disks, NVRAM and TPM state stay. */
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

    /**
     * Reads guest-physical memory.
     *
     * @param target is filled; at most {@link #MAX_PEEK_BYTES}
     */
    public void peek(long address, Memory target) throws LibvirtError {
        checked(LibvirtLibrary.virDomainMemoryPeek(open(), address, target.size(), target, MEMORY_PHYSICAL));
    }

    /** What is known of its memory. */
    public MemoryStatistics memoryStatistics() throws LibvirtError {
        try (Memory entries = new Memory((long) MemoryStatistics.MAX_ENTRIES * MemoryStatistics.ENTRY_BYTES)) {
            entries.clear();
            int count = checked(LibvirtLibrary.virDomainMemoryStats(open(), entries, MemoryStatistics.MAX_ENTRIES, 0));
            return MemoryStatistics.of(entries, count);
        }
    }

    /** Has its balloon driver tell about its memory so often, as long as it runs; 0 is never. */
    public void setMemoryStatisticsPeriod(int seconds) throws LibvirtError {
        checked(LibvirtLibrary.virDomainSetMemoryStatsPeriod(open(), seconds, AFFECT_LIVE));
    }

    /** Asks its balloon driver to leave it that much memory, and waits for nothing. */
    public void setMemory(long bytes) throws LibvirtError {
        checked(LibvirtLibrary.virDomainSetMemoryFlags(open(), bytes >> 10, AFFECT_LIVE));
    }

    /** Saves memory and device state to a file and ends the domain. Returns when it is gone. */
    public void save(Path image) throws LibvirtError {
        checked(LibvirtLibrary.virDomainSaveFlags(open(), image.toString(), null, 0));
    }

    /** Makes an external snapshot of which libvirt itself keeps no record. Returns when it is written. */
    public void snapshot(String snapshotXml) throws LibvirtError {
        LibvirtLibrary.virDomainSnapshotFree(
                checked(LibvirtLibrary.virDomainSnapshotCreateXML(open(), snapshotXml, SNAPSHOT_NO_METADATA)));
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            LibvirtLibrary.virDomainFree(handle);
        }
    }

    Pointer handle() {
        return open();
    }

    private Pointer open() {
        if (closed) {
            throw new IllegalStateException("the handle is closed");
        }
        return handle;
    }
}
