// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.Manifest;
import io.vmmig.content.Digest;
import io.vmmig.domain.DomainXml;
import io.vmmig.error.IncompatibleException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.reference.BaseImage;
import io.vmmig.reference.ImageStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds content that an arriving guest needs and this host already has, in its image store or in a file that the store remembers. Such a
 * file is used only if its content is unchanged and no guest of this host writes to it.
 */
record HeldContent(ImageStore images, Hypervisor hypervisor) {
    private static final Logger LOG = LoggerFactory.getLogger(HeldContent.class);

    /** The path of a kernel or ramdisk; empty if this host does not have it. */
    Optional<Path> bootFile(Digest digest) throws VmmigException {
        try {
            return images.find(digest).isEmpty()
                    ? Optional.empty()
                    : Optional.of(usable(images.verified(digest)).path());
        } catch (IncompatibleException e) {
            return unlessMissing(e);
        }
    }

    /**
     * The path of a disk's base image; empty if this host lacks it and the package includes it.
     *
     * @param disk the disk as it was at the source, for messages
     * @param only whether the disk consists of this image only, such as a CD
     * @throws IncompatibleException with {@link Problem#BASE_IMAGE_MISSING} if neither has it
     */
    Optional<Path> base(Supplier<String> disk, boolean only, Manifest.Base base) throws VmmigException {
        Digest digest = base.content().digest();
        try {
            return Optional.of(usable(images.verified(digest, base.format())).path());
        } catch (IncompatibleException e) {
            if (e.problem() == Problem.BASE_IMAGE_MISSING && !base.included()) {
                throw new IncompatibleException(
                        Problem.BASE_IMAGE_MISSING,
                        disk.get() + (only ? " is a " : " is based on a ")
                                + base.format().word() + " image of "
                                + base.content().bytes() + " bytes (" + digest + "), which is not in the package, and "
                                + e.failure().what(),
                        e.failure().remedy()
                                + (only ? " Or take the medium out at the source: virsh change-media --eject." : ""),
                        e);
            }
            return unlessMissing(e);
        }
    }

    private static Optional<Path> unlessMissing(IncompatibleException e) throws IncompatibleException {
        if (e.problem() != Problem.BASE_IMAGE_MISSING) {
            throw e;
        }
        return Optional.empty();
    }

    /** Rejects a remembered file that has become the writable disk of a guest. */
    private BaseImage usable(BaseImage image) throws VmmigException {
        if (image.inPlace()) {
            for (Hypervisor.GuestId other : hypervisor.guests()) {
                if (writes(other, image.path())) {
                    throw new IncompatibleException(
                            Problem.BASE_IMAGE_MISSING,
                            "the file " + image.path() + " of this host, which has that content, is a disk of guest "
                                    + other.name() + ", which may write to it",
                            "Add a copy of the image, with ImageStore.add.");
                }
            }
        }
        return image;
    }

    private boolean writes(Hypervisor.GuestId guest, Path file) throws VmmigException {
        try {
            for (Path disk :
                    DomainXml.parse(hypervisor.guest(guest.name()).domainXml()).writableDiskFiles()) {
                if (Files.exists(disk) && Files.isSameFile(disk, file)) {
                    return true;
                }
            }
            return false;
        } catch (VmmigException e) {
            if (e.problem() == Problem.GUEST_UNKNOWN) {
                return false;
            }
            throw e;
        } catch (IOException e) {
            LOG.warn("guest {}: it is not known whether it writes to {}", guest.name(), file, e);
            return true;
        }
    }
}
