// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import io.vmmig.Failure;
import io.vmmig.HypervisorException;
import io.vmmig.Problem;
import io.vmmig.VmmigException;
import io.vmmig.libvirt.binding.LibvirtError;
import io.vmmig.libvirt.posix.GrowingFileSource;
import io.vmmig.libvirt.posix.WorkDirectory;
import io.vmmig.libvirt.saveimage.SaveImagePreamble;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes memory with libvirt's classic save, which ends the guest. The image stays until the guest is retired: it is all that
 * is left of the guest, and going on means to restore it.
 */
final class SaveImageTap implements MemoryTap {
    private static final Logger LOG = LoggerFactory.getLogger(SaveImageTap.class);
    private static final Duration ABORT_INTERVAL = Duration.ofMillis(200);

    private final GuestCalls guest;
    private final LibvirtOptions options;
    private final WorkDirectory directory;
    private final Path image;
    private final GrowingFileSource source;
    private final Tapping tapping;

    private SaveImageTap(GuestCalls guest, LibvirtOptions options, WorkDirectory directory) throws IOException {
        this.guest = guest;
        this.options = options;
        this.directory = directory;
        image = directory.file(guest.name().replace('/', '_') + ".save");
        // Made by us, so that we can read it when libvirt runs as another user.
        Files.createFile(image, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        source = new GrowingFileSource(image);
        Pending<Boolean> call = guest.start(
                "save",
                Late.stays("the image is kept, and whoever gave up has said where"),
                domain -> domain.save(image));
        tapping = new Tapping(source, false, options.saveStall(), call, this::abort);
    }

    static SaveImageTap open(GuestCalls guest, LibvirtOptions options) throws VmmigException {
        try {
            WorkDirectory directory = WorkDirectory.in(options.workDirectory());
            try {
                return new SaveImageTap(guest, options, directory);
            } catch (IOException e) {
                directory.close();
                throw e;
            }
        } catch (IOException e) {
            throw Errors.file("make a save image", e);
        }
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
        return true;
    }

    @Override
    public void abort() throws VmmigException {
        source.close();
        long end = System.nanoTime() + options.callDeadline().toNanos();
        while (!tapping.ended()) {
            try {
                guest.abortJob();
            } catch (HypervisorException e) {
                // The job has not begun, or has ended just now; the wait below tells.
                if (!(e.getCause() instanceof HypervisorException cause && cause.getCause() instanceof LibvirtError)) {
                    throw e;
                }
            }
            if (!tapping.awaitEnd(ABORT_INTERVAL) && System.nanoTime() > end) {
                throw Errors.timeout("end the save of " + guest.name(), options.callDeadline());
            }
        }
    }

    @Override
    public void goOn(boolean running) throws VmmigException {
        if (!tapping.succeeded()) {
            if (running) {
                guest.goOn();
            }
            removeImage();
            return;
        }
        try {
            guest.await(
                    guest.startOnHost(
                            "restore",
                            Late.stays("the guest was to be here, and is"),
                            host -> host.restore(image, !running)),
                    options.restoreStall());
        } catch (HypervisorException e) {
            throw new HypervisorException(
                    new Failure(
                            e.problem(),
                            e.failure().what(),
                            "The guest is kept in " + image + ": restore it with virsh restore.",
                            guest.name(),
                            e.failure().phase(),
                            e.failure().source(),
                            e.failure().destination()),
                    e);
        }
        removeImage();
    }

    @Override
    public void end() throws VmmigException {
        guest.remove();
        removeImage();
    }

    @Override
    public void leave() {
        source.close();
        LOG.warn("{}: left saved in {}; virsh restore lets it go on", guest.name(), image);
    }

    private void removeImage() throws VmmigException {
        try {
            directory.close();
        } catch (IOException e) {
            throw VmmigException.of(
                    Failure.of(
                            Problem.FILE_FAILED,
                            "could not remove " + image + ": " + e.getMessage(),
                            "Remove it: it holds the guest's memory."),
                    e);
        }
    }
}
