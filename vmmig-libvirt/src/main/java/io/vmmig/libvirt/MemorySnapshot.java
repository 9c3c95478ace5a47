// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.libvirt.binding.LibvirtError;
import io.vmmig.libvirt.posix.Fifo;
import io.vmmig.libvirt.posix.FifoSource;
import io.vmmig.libvirt.posix.WorkDirectory;
import io.vmmig.libvirt.saveimage.SaveImagePreamble;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes memory as an external snapshot into a FIFO. The guest stays there, paused, with its disks unlocked. If it runs at first, QEMU pauses it;
 * libvirt would resume it by itself if one of its disks were not left to us.
 */
final class MemorySnapshot {
    private static final Logger LOG = LoggerFactory.getLogger(MemorySnapshot.class);

    private static final Set<Integer> UNSUPPORTED = Set.of(
            LibvirtError.NO_SUPPORT,
            LibvirtError.CONFIG_UNSUPPORTED,
            LibvirtError.ARGUMENT_UNSUPPORTED,
            LibvirtError.OPERATION_UNSUPPORTED);

    private static final Duration FREEING_INTERVAL = Duration.ofMillis(100);

    private final GuestCalls guest;
    private final LibvirtOptions options;
    private final WorkDirectory directory;
    private final Path fifo;
    private final FifoSource source;
    private final Pending<Boolean> call;
    private final MemoryStream stream;

    private MemorySnapshot(
            GuestCalls guest, LibvirtOptions options, List<String> disks, boolean live, WorkDirectory directory)
            throws IOException {
        this.guest = guest;
        this.options = options;
        this.directory = directory;
        fifo = directory.file("memory");
        Fifo.make(fifo);
        source = new FifoSource(fifo);
        String xml = snapshotXml(fifo, disks, live);
        // Not before the reading end is open: libvirt would block the guest while nobody reads.
        call = guest.start("save", new Late.Stays("the guest stays paused"), domain -> domain.snapshot(xml, live));
        stream = new MemoryStream(source, options.saveStall(), () -> call.await(Duration.ZERO), this::abort);
        call.whenDone(source::writersDone);
    }

    /**
     * Starts the snapshot.
     *
     * @param disks the names of all the guest's disks; one at least if {@code live}
     * @param live whether the guest runs
     */
    static MemorySnapshot open(GuestCalls guest, LibvirtOptions options, List<String> disks, boolean live)
            throws VmmigException {
        try {
            WorkDirectory directory = WorkDirectory.in(options.workDirectory());
            try {
                return new MemorySnapshot(guest, options, disks, live, directory);
            } catch (IOException e) {
                directory.close();
                throw e;
            }
        } catch (IOException e) {
            throw Errors.file("make a FIFO", e);
        }
    }

    static String snapshotXml(Path fifo, List<String> disks, boolean live) {
        StringBuilder xml = new StringBuilder("<domainsnapshot><memory snapshot='external' file='")
                .append(LibvirtXml.quoted(fifo.toString()))
                .append("'/><disks>");
        String how = live ? "manual" : "no";
        for (String disk : disks) {
            xml.append("<disk name='")
                    .append(LibvirtXml.quoted(disk))
                    .append("' snapshot='")
                    .append(how)
                    .append("'/>");
            how = "no";
        }
        return xml.append("</disks></domainsnapshot>").toString();
    }

    /**
     * Waits for the start of the image; call it once, before reading {@link #stream()}.
     *
     * @throws VmmigException with {@link Problem#HYPERVISOR_FAILED} if libvirt cannot take such a snapshot of this guest
     */
    SaveImagePreamble preamble() throws VmmigException {
        SaveImagePreamble preamble;
        try {
            preamble = SaveImagePreamble.read(stream);
        } catch (IOException e) {
            if (e.getCause() instanceof VmmigException known) {
                throw isUnsupported(known) ? unsupported(known) : known;
            }
            throw Errors.file("read the guest's memory", e);
        }
        if (preamble.header().compression() != 0) {
            throw new HypervisorException(
                    Problem.HYPERVISOR_FAILED,
                    "libvirt compresses save images",
                    "Set save_image_format and snapshot_image_format to \"raw\" in qemu.conf: vmmig compresses better.");
        }
        return preamble;
    }

    private static boolean isUnsupported(VmmigException e) {
        return Errors.ofLibvirt(e)
                .map(LibvirtError::code)
                .filter(UNSUPPORTED::contains)
                .isPresent();
    }

    private static HypervisorException unsupported(VmmigException e) {
        return new HypervisorException(
                Problem.HYPERVISOR_FAILED,
                "libvirt cannot save this guest and keep it: " + e.failure().what(),
                "It needs an external memory snapshot (virsh snapshot-create-as --memspec), which this driver, QEMU or guest"
                        + " does not support. Shut the guest down to move it.",
                e);
    }

    /** The image after its preamble, which is QEMU's stream. */
    MemoryStream stream() {
        return stream;
    }

    /** Aborts the call that writes the image, if it is still running, and waits until it has ended. */
    synchronized void abort() throws VmmigException {
        // QEMU's next write fails, and the call with it.
        source.close();
        if (!awaitEnd()) {
            guest.abortJob();
            if (!awaitEnd()) {
                // The FIFO stays: a later attempt needs it to unblock the call.
                throw Errors.timeout("end the save of " + guest.name(), options.callDeadline());
            }
        }
        try {
            directory.close();
        } catch (IOException e) {
            throw Errors.file("remove a FIFO", e);
        }
    }

    /**
     * Waits for the call. It opens the FIFO twice, for the image and finally for its header; without a reader it would block
     * there for ever and hold the guest, and Linux does not show whether it does.
     */
    private boolean awaitEnd() throws VmmigException {
        long end = System.nanoTime() + options.callDeadline().toNanos();
        while (!call.awaitEnd(FREEING_INTERVAL)) {
            if (System.nanoTime() > end) {
                return false;
            }
            try {
                Fifo.freeWriters(fifo);
            } catch (IOException e) {
                throw Errors.file("free a FIFO", e);
            }
        }
        return true;
    }

    /** Ends the call, and leaves the guest paused. */
    void leavePaused() {
        try {
            abort();
        } catch (VmmigException e) {
            guest.giveUp(call);
            LOG.warn("{}: left as it is, since libvirt has not ended its save", guest.name(), e);
        }
    }
}
