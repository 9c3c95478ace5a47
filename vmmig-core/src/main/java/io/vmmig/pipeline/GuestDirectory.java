// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.IncompatibleException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.files.FileNames;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.json.Malformed;
import io.vmmig.json.Texts;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The directory of what the destination has created for one guest. A list in it names those files, so that only they are removed when the
 * guest moves on.
 */
final class GuestDirectory {
    private static final Logger LOG = LoggerFactory.getLogger(GuestDirectory.class);
    /** The limit of libvirt and of the file systems on which it stores {@code NAME.xml}. */
    private static final int MAX_NAME_BYTES = 240;

    private GuestDirectory() {}

    /** The directory for a guest of that name, which may have any characters; creates nothing. */
    static Path of(Path guests, String guestName) throws VmmigException {
        if (guestName.isBlank()
                || guestName.indexOf('/') >= 0
                || !Texts.isPlain(guestName)
                || guestName.getBytes(StandardCharsets.UTF_8).length > MAX_NAME_BYTES) {
            throw new IncompatibleException(
                    Problem.REQUEST_INVALID,
                    "no guest of libvirt can be named " + Malformed.quoted(guestName) + ": a name has 1 to "
                            + MAX_NAME_BYTES + " bytes, no slash and no control characters",
                    "Give it another name at the destination, with DomainSettings.named(…).");
        }
        return guests.toAbsolutePath().normalize().resolve(FileNames.of(guestName));
    }

    /** Throws if one of the files to create already exists. */
    static void requireFree(List<Path> files, UUID guest, Hypervisor hypervisor) throws VmmigException {
        for (Path file : files) {
            if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                throw new IncompatibleException(
                        Problem.DISK_IN_USE,
                        "the destination already has a file " + file + userOf(file, guest, hypervisor),
                        "Move it away if no guest needs it, or receive the guest under another name or path.");
            }
        }
    }

    /** Names the guest that needs the file, if that is known. */
    private static String userOf(Path file, UUID guest, Hypervisor hypervisor) {
        try {
            return FilesInUse.besides(guest, hypervisor)
                    .userOf(file)
                    .map(user -> ", and " + user + " needs it")
                    .orElse("");
        } catch (VmmigException | IOException e) {
            LOG.debug("it is not known whether a guest needs {}", file, e);
            return "";
        }
    }
}
