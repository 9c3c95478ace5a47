// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.Failure;
import io.vmmig.Problem;
import io.vmmig.VmmigException;
import io.vmmig.libvirt.posix.Fifo;
import io.vmmig.libvirt.posix.FifoSource;
import io.vmmig.libvirt.posix.WorkDirectory;
import io.vmmig.libvirt.saveimage.SaveImagePreamble;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes memory as an external snapshot into a FIFO. The guest stays there, paused, with its disks unlocked. */
final class SnapshotTap implements MemoryTap {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotTap.class);

    private static final Duration FREEING_INTERVAL = Duration.ofMillis(100);

    private final GuestCalls guest;
    private final LibvirtOptions options;
    private final WorkDirectory directory;
    private final Path fifo;
    private final FifoSource source;
    private final Tapping tapping;

    private SnapshotTap(GuestCalls guest, LibvirtOptions options, List<String> disks, WorkDirectory directory)
            throws IOException {
        this.guest = guest;
        this.options = options;
        this.directory = directory;
        fifo = directory.file("memory");
        Fifo.make(fifo);
        source = new FifoSource(fifo);
        String xml = snapshotXml(fifo, disks);
        Pending<Boolean> call = guest.start(
                "save", Late.stays("the guest is paused, as it was before"), domain -> domain.snapshot(xml));
        tapping = new Tapping(source, true, options.saveStall(), call, this::abort);
    }

    /**
     * Begins.
     *
     * @param disks the names of all the guest's disks
     */
    static SnapshotTap open(GuestCalls guest, LibvirtOptions options, List<String> disks) throws VmmigException {
        try {
            WorkDirectory directory = WorkDirectory.in(options.workDirectory());
            try {
                return new SnapshotTap(guest, options, disks, directory);
            } catch (IOException e) {
                directory.close();
                throw e;
            }
        } catch (IOException e) {
            throw Errors.file("make a FIFO", e);
        }
    }

    static String snapshotXml(Path fifo, List<String> disks) {
        StringBuilder xml = new StringBuilder("<domainsnapshot><memory snapshot='external' file='")
                .append(Xml.quoted(fifo.toString()))
                .append("'/><disks>");
        for (String disk : disks) {
            xml.append("<disk name='").append(Xml.quoted(disk)).append("' snapshot='no'/>");
        }
        return xml.append("</disks></domainsnapshot>").toString();
    }

    @Override
    public SaveImagePreamble preamble() throws VmmigException {
        return tapping.preamble();
    }

    @Override
    public MemoryStream stream() {
        return tapping.stream();
    }

    @Override
    public boolean endsGuest() {
        return false;
    }

    @Override
    public synchronized void abort() throws VmmigException {
        // QEMU's next write fails, and the call with it.
        source.close();
        if (!awaitEnd()) {
            guest.abortJob();
            if (!awaitEnd()) {
                // The FIFO stays, for only there can the call be freed by whoever tries again.
                throw Errors.timeout("end the save of " + guest.name(), options.callDeadline());
            }
        }
        removeDirectory();
    }

    /**
     * Waits for the call. It opens the FIFO twice, for the image and at last for its header, and without a reader it would wait
     * there for ever, holding the guest; Linux does not tell whether it does.
     */
    private boolean awaitEnd() throws VmmigException {
        long end = System.nanoTime() + options.callDeadline().toNanos();
        while (!tapping.awaitEnd(FREEING_INTERVAL)) {
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

    @Override
    public void goOn(boolean running) throws VmmigException {
        if (running) {
            guest.goOn();
        }
    }

    @Override
    public void end() throws VmmigException {
        guest.remove();
    }

    @Override
    public void leave() {
        try {
            abort();
        } catch (VmmigException e) {
            guest.giveUp(tapping.call());
            LOG.warn("{}: left as it is, and libvirt has not ended its save", guest.name(), e);
        }
    }

    private void removeDirectory() throws VmmigException {
        try {
            directory.close();
        } catch (IOException e) {
            throw VmmigException.of(
                    Failure.of(Problem.FILE_FAILED, "could not remove a FIFO: " + e.getMessage(), ""), e);
        }
    }
}
