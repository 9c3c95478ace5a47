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
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A restore under way: libvirt reads from a FIFO what the caller writes. */
final class LibvirtRestoringGuest implements RestoringGuest {
    private static final Logger LOG = LoggerFactory.getLogger(LibvirtRestoringGuest.class);

    /** How QEMU's stream always begins: it refuses any other. */
    private static final byte[] MAGIC = {'Q', 'E', 'V', 'M'};

    /** Whoever waits longer is better served by beginning. */
    private static final Duration GET_READY = Duration.ofSeconds(10);

    /** How long libvirt may take to notice that its stream has ended; ten times what it needs on a busy machine. */
    private static final Duration NOTICE = Duration.ofSeconds(5);

    private final GuestCalls guest;
    private final GuestCalls quickCalls;
    private final LibvirtOptions options;
    private final RestoreRequest request;
    private final Runnable whenSettled;
    private final WorkDirectory directory;
    private final FifoFeeder feeder;
    private final Pending<Boolean> call;
    private final Memory memory = new Memory();
    private final Object discarding = new Object();
    private boolean finished;
    private boolean discarded;
    private boolean settled;
    private volatile boolean closed;

    private LibvirtRestoringGuest(
            GuestCalls guest,
            GuestCalls quickCalls,
            LibvirtOptions options,
            RestoreRequest request,
            byte[] preamble,
            WorkDirectory directory,
            Runnable whenSettled)
            throws IOException {
        this.guest = guest;
        this.quickCalls = quickCalls;
        this.options = options;
        this.request = request;
        this.whenSettled = whenSettled;
        this.directory = directory;
        Path fifo = directory.file("memory");
        Fifo.make(fifo);
        // libvirt 11 reads the preamble twice, the second time with the rest.
        feeder = new FifoFeeder(fifo, preamble.length);
        call = guest.startOnHost("restore", guest.removal(), host -> host.restore(fifo, true));
        call.whenDone(feeder::readerDone);
    }

    /** Begins. The caller has made sure that there is no such guest yet; {@code whenSettled} is told when it is over. */
    static LibvirtRestoringGuest start(
            GuestCalls guest,
            GuestCalls quickCalls,
            LibvirtOptions options,
            RestoreRequest request,
            Runnable whenSettled)
            throws VmmigException {
        byte[] preamble = SaveImagePreamble.forRestore(request.domainXml(), request.cookie())
                .bytes();
        LibvirtRestoringGuest restoring;
        try {
            WorkDirectory directory = WorkDirectory.in(options.workDirectory());
            try {
                restoring = new LibvirtRestoringGuest(
                        guest, quickCalls, options, request, preamble, directory, whenSettled);
            } catch (IOException e) {
                directory.close();
                throw e;
            }
        } catch (IOException e) {
            throw Errors.file("make a FIFO", e);
        }
        try {
            restoring.memory.put(preamble, 0, preamble.length);
            // When QEMU has read that much, it is ready for the rest.
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
            watch = PauseWatch.begin(quickCalls);
            watch.paused();
            DomainState state = guest.state();
            if (state != DomainState.PAUSED) {
                throw new HypervisorException(
                        Problem.GUEST_INTERFERED,
                        "somebody else has touched the guest while it was being restored: it is not paused but "
                                + state,
                        "Find out who did that, then start the migration again.");
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
        return new LibvirtRestoredGuest(guest, watch, whenSettled);
    }

    private void endAfter(Exception reason) {
        try {
            discard();
        } catch (VmmigException left) {
            // Whoever closes it is told again.
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
            throw VmmigException.of(Problem.CANCELLED, "restoring " + guest.name() + " was given up", "");
        }
    }

    /**
     * Leaves nothing, or throws. The stream ends too early for QEMU, so libvirt gives up; if it does not, the guest is destroyed. As
     * long as libvirt has not answered it may still succeed, and the guest is removed then.
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
                                        + " that was given up, and may yet succeed",
                                "It is removed when it does; see what keeps libvirt from answering.");
                    }
                }
                discarded = true;
            } finally {
                releaseFiles();
                settle();
            }
        }
    }

    private void awaitRestored() throws VmmigException {
        try {
            call.await(options.restoreStall());
        } catch (HypervisorException e) {
            throw StartRefusals.explained(e, request.domainXml(), guest.name(), guest.qemuLog());
        }
    }

    /** After a failure of libvirt's own nothing is left; if it has not answered, anything may be. */
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

    private void settle() {
        if (!settled) {
            settled = true;
            whenSettled.run();
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
            return Errors.timeout("restore " + guest.name() + ", which took no bytes,", options.restoreStall());
        }
        if (e instanceof ClosedChannelException) {
            throwIfClosed();
        }
        return Errors.file("write to a FIFO", e);
    }

    /** What the caller writes to. Its failures carry what libvirt said. */
    private final class Memory extends OutputStream {
        private boolean sated;
        private int begun;

        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

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

        /** Passes over what QEMU has already; returns how many bytes that was. */
        private int begin(byte[] bytes, int offset, int count) throws VmmigException {
            int done = 0;
            for (; begun < MAGIC.length && done < count; begun++, done++) {
                if (bytes[offset + done] != MAGIC[begun]) {
                    throw new HypervisorException(
                            Problem.HYPERVISOR_FAILED,
                            "the memory of " + guest.name() + " does not come as a stream of QEMU's",
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

        /** Nobody reads any more: either the restore has failed, or QEMU has found the end of its stream. */
        private void explain() throws VmmigException {
            awaitRestored();
            sated = true;
        }
    }
}
