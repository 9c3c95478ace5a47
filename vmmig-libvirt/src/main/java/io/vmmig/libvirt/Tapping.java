// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.HypervisorException;
import io.vmmig.Problem;
import io.vmmig.VmmigException;
import io.vmmig.libvirt.posix.ByteSource;
import io.vmmig.libvirt.saveimage.SaveImagePreamble;
import java.io.IOException;
import java.time.Duration;

/** The call that writes an image, and the stream that reads it meanwhile. */
final class Tapping {
    private final Pending<Boolean> call;
    private final MemoryStream stream;

    /**
     * @param source open already: libvirt would hold the guest for as long as nobody reads
     * @param call begins the call
     * @param abort what ends the call when nothing comes any more
     */
    Tapping(ByteSource source, boolean finalHeader, Duration stall, Pending<Boolean> call, MemoryStream.Abort abort) {
        this.call = call;
        stream = new MemoryStream(source, finalHeader, stall, this::outcome, abort);
        call.whenDone(source::writersDone);
    }

    MemoryStream stream() {
        return stream;
    }

    SaveImagePreamble preamble() throws VmmigException {
        SaveImagePreamble preamble;
        try {
            preamble = SaveImagePreamble.read(stream);
        } catch (IOException e) {
            if (e.getCause() instanceof VmmigException known) {
                throw known;
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

    boolean succeeded() {
        return call.succeeded();
    }

    boolean ended() {
        return call.isDone();
    }

    /** Waits until the call has ended, well or badly. */
    boolean awaitEnd(Duration deadline) {
        return call.awaitEnd(deadline);
    }

    Pending<Boolean> call() {
        return call;
    }

    private void outcome() throws VmmigException {
        call.await(Duration.ZERO);
    }
}
