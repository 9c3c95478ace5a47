// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.RestoreRequest;
import io.vmmig.hypervisor.RestoredGuest;
import io.vmmig.hypervisor.RestoringGuest;
import io.vmmig.libvirt.binding.DomainState;
import io.vmmig.libvirt.posix.Fifo;
import io.vmmig.libvirt.posix.FifoFeeder;
import io.vmmig.libvirt.posix.StalledException;
import io.vmmig.libvirt.posix.WorkDirectory;
import io.vmmig.libvirt.saveimage.SaveImagePreamble;
import io.vmmig.sparse.BlockOutput;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A running restore: libvirt reads from a FIFO what the caller writes. */
final class LibvirtRestoringGuest implements RestoringGuest {
    private static final Logger LOG = LoggerFactory.getLogger(LibvirtRestoringGuest.class);

    /** The beginning of every QEMU stream; QEMU refuses any other. */
    private static final byte[] MAGIC = {'Q', 'E', 'V', 'M'};

    /** Do not wait longer than this for QEMU; start to send. */
    private static final Duration GET_READY = Duration.ofSeconds(10);

    /** How long libvirt may take to notice the end of its stream; ten times what it needs on a busy machine. */
    private static final Duration NOTICE = Duration.ofSeconds(5);

    private final GuestCalls guest;
    private final GuestCalls quickCalls;
    private final LibvirtOptions options;
    private final RestoreRequest request;
    private final String log;
    private final Runnable whenOver;
    private final WorkDirectory directory;
    private final FifoFeeder feeder;
    private final Pending<Boolean> call;
    private final Memory memory = new Memory();
    private final Object discarding = new Object();
    private boolean finished;
    private boolean discarded;
    private boolean over;
    private volatile boolean closed;

    private LibvirtRestoringGuest(
            GuestCalls guest,
            GuestCalls quickCalls,
            LibvirtOptions options,
            RestoreRequest request,
            byte[] preamble,
            WorkDirectory directory,
            String log,
            Runnable whenOver)
            throws IOException {
        this.guest = guest;
        this.quickCalls = quickCalls;
        this.options = options;
        this.request = request;
        this.log = log;
        this.whenOver = whenOver;
        this.directory = directory;
        Path fifo = directory.file("memory");
        Fifo.make(fifo);
        // libvirt 11 reads the preamble twice, the second time with the rest.
        feeder = new FifoFeeder(fifo, preamble.length);
        call = guest.startOnHost("restore", guest.removal(), host -> host.restore(fifo, true));
        call.whenDone(feeder::readerDone);
    }

    /**
     * Starts the restore. The caller has checked that there is no such guest yet.
     *
     * @param log the log of its QEMU, for messages
     * @param whenOver runs when the restore is over
     */
    static LibvirtRestoringGuest start(
            GuestCalls guest,
            GuestCalls quickCalls,
            LibvirtOptions options,
            RestoreRequest request,
            String log,
            Runnable whenOver)
            throws VmmigException {
        byte[] preamble = SaveImagePreamble.forRestore(request.domainXml(), request.cookie())
                .bytes();
        LibvirtRestoringGuest restoring;
        try {
            WorkDirectory directory = WorkDirectory.in(options.workDirectory());
            try {
                restoring = new LibvirtRestoringGuest(
                        guest, quickCalls, options, request, preamble, directory, log, whenOver);
            } catch (IOException e) {
                directory.close();
                throw e;
            }
        } catch (IOException e) {
            throw Errors.file("make a FIFO", e);
        }
        try {
            restoring.memory.put(preamble, 0, preamble.length);
            // Once QEMU has read this much, it is ready for the rest.
            restoring.memory.put(MAGIC, 0, MAGIC.length);
            restoring.memory.flushNow();
        } catch (VmmigException | RuntimeException e) {
            restoring.endAfter(e);
            throw e;
        }
        return restoring;
    }

    @Override
    public boolean awaitReady() throws VmmigException {
        try {
            boolean ready = feeder.awaitTaken(GET_READY);
            if (call.isDone()) {
                memory.explain();
            }
            return ready;
        } catch (IOException e) {
            throw translated(e);
        }
    }

    @Override
    public OutputStream memory() {
        return memory;
    }

    @Override
    public RestoredGuest finish() throws VmmigException {
        if (finished) {
            throw new IllegalStateException("finished already");
        }
        PauseWatch watch = null;
        try {
            try {
                feeder.finish(options.restoreStall());
            } catch (IOException e) {
                throw translated(e);
            }
            awaitRestored();
            watch = new PauseWatch(quickCalls);
            watch.paused();
            DomainState state = guest.state();
            if (state != DomainState.PAUSED) {
                throw new HypervisorException(
                        Problem.GUEST_INTERFERED,
                        "someone else has changed the guest during the restore: it is not paused but " + state,
                        "Find out who did that, then restart the migration.");
            }
            InterfaceLinks.takeDown(guest, request.domainXml());
            if (request.definitionXml() != null) {
                guest.define(GenerationIds.asLive(request.definitionXml(), guest));
            }
            synchronized (this) {
                throwIfClosed();
                finished = true;
            }
        } catch (VmmigException | RuntimeException e) {
            if (watch != null) {
                watch.close();
            }
            endAfter(e);
            throw e;
        }
        releaseFiles();
        return new LibvirtRestoredGuest(guest, watch, whenOver);
    }

    private void endAfter(Exception reason) {
        try {
            discard();
        } catch (VmmigException left) {
            // Closing it reports this again.
            reason.addSuppressed(left);
        }
    }

    @Override
    public void close() throws VmmigException {
        synchronized (this) {
            if (finished) {
                return;
            }
            closed = true;
        }
        discard();
    }

    private void throwIfClosed() throws VmmigException {
        if (closed) {
            throw VmmigException.of(Problem.CANCELLED, "restoring " + guest.name() + " was aborted", "");
        }
    }

    /**
     * Leaves nothing, or throws. QEMU's stream ends too early, so libvirt aborts; if it does not, the guest is destroyed. Until
     * libvirt has answered, the restore may still succeed; the guest is removed then.
     */
    private void discard() throws VmmigException {
        feeder.breakOff();
        synchronized (discarding) {
            if (discarded) {
                return;
            }
            try {
                if (mayBeThere()) {
                    guest.remove();
                    if (!call.awaitOver(NOTICE)) {
                        throw new HypervisorException(
                                Problem.HYPERVISOR_TIMEOUT,
                                "libvirt has not ended the restore of " + guest.name()
                                        + " that was aborted, and it may still succeed",
                                "The guest is removed if it does; check why libvirt does not answer.");
                    }
                }
                discarded = true;
            } finally {
                releaseFiles();
                end();
            }
        }
    }

    private void awaitRestored() throws VmmigException {
        try {
            call.await(options.restoreStall());
        } catch (HypervisorException e) {
            throw StartRefusals.explained(e, request.domainXml(), guest.name(), log);
        }
    }

    /** After a failure reported by libvirt nothing is left; without an answer anything is possible. */
    private boolean mayBeThere() {
        if (!call.awaitEnd(NOTICE)) {
            guest.giveUp(call);
            return true;
        }
        try {
            call.await(Duration.ZERO);
            return true;
        } catch (VmmigException e) {
            LOG.debug("{}: the restore ended: {}", guest.name(), e.getMessage());
            return e.problem() == Problem.HYPERVISOR_UNREACHABLE;
        }
    }

    private void end() {
        if (!over) {
            over = true;
            whenOver.run();
        }
    }

    private void releaseFiles() {
        feeder.close();
        try {
            directory.close();
        } catch (IOException e) {
            LOG.warn("{}: could not remove a FIFO", guest.name(), e);
        }
    }

    private VmmigException translated(IOException e) throws VmmigException {
        if (e instanceof StalledException) {
            return Errors.timeout("restore " + guest.name() + ", which read no bytes,", options.restoreStall());
        }
        if (e instanceof ClosedChannelException) {
            throwIfClosed();
        }
        return Errors.file("write to a FIFO", e);
    }

    /** The stream for the caller. Its exceptions include libvirt's error. */
    private final class Memory extends BlockOutput {
        private boolean sated;
        private int begun;

        @Override
        public void write(byte[] bytes, int offset, int count) throws IOException {
            Objects.checkFromIndexSize(offset, count, bytes.length);
            try {
                int done = begin(bytes, offset, count);
                put(bytes, offset + done, count - done);
            } catch (VmmigException e) {
                throw new IOException(e);
            }
        }

        @Override
        public void flush() throws IOException {
            try {
                flushNow();
            } catch (VmmigException e) {
                throw new IOException(e);
            }
        }

        /** Skips what QEMU already has; returns the number of bytes. */
        private int begin(byte[] bytes, int offset, int count) throws VmmigException {
            int done = 0;
            for (; begun < MAGIC.length && done < count; begun++, done++) {
                if (bytes[offset + done] != MAGIC[begun]) {
                    throw new HypervisorException(
                            Problem.HYPERVISOR_FAILED,
                            "the memory of " + guest.name() + " is not a QEMU stream",
                            "Make the package again.");
                }
            }
            return done;
        }

        void put(byte[] bytes, int offset, int count) throws VmmigException {
            try {
                if (!sated && !feeder.write(bytes, offset, count, options.restoreStall())) {
                    explain();
                }
            } catch (IOException e) {
                throw translated(e);
            }
        }

        void flushNow() throws VmmigException {
            try {
                if (!sated && !feeder.flush(options.restoreStall())) {
                    explain();
                }
            } catch (IOException e) {
                throw translated(e);
            }
        }

        /** The reader is gone: the restore has failed, or QEMU has found the end of its stream. */
        private void explain() throws VmmigException {
            awaitRestored();
            sated = true;
        }
    }
}
