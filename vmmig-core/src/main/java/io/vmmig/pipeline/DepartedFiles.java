// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.VmmigException;
import io.vmmig.files.Claim;
import io.vmmig.files.Ownership;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.report.Notice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes the files of a departed guest: those that moved with it, that vmmig itself had created on this host, and that no other guest of
 * this host needs. All others stay, and are reported.
 */
record DepartedFiles(
        UUID guest, Hypervisor hypervisor, Duration reaching, GuestFileList.OwnerCheck owner, List<Notice> notices) {
    private static final Logger LOG = LoggerFactory.getLogger(DepartedFiles.class);

    private static final Duration ENDING = Duration.ofSeconds(2);

    /**
     * Call this after the guest was removed from this host.
     *
     * @param files the files that moved with the guest: its own images, kernel and ramdisk; and its sockets and logs
     * @param reaching how long to retry while the hypervisor does not say what its other guests need
     * @return notices about files that vmmig has created and that stay
     */
    static List<Notice> remove(Set<Path> files, UUID guest, Hypervisor hypervisor, Duration reaching) {
        return remove(files, guest, hypervisor, reaching, Ownership::requireOwner);
    }

    static List<Notice> remove(
            Set<Path> files, UUID guest, Hypervisor hypervisor, Duration reaching, GuestFileList.OwnerCheck owner) {
        DepartedFiles departed = new DepartedFiles(guest, hypervisor, reaching, owner, new ArrayList<>());
        Set<Path> directories = new TreeSet<>();
        for (Path file : files) {
            Path directory = file.toAbsolutePath().normalize().getParent();
            if (directory != null) {
                directories.add(directory);
            }
        }
        directories.forEach(directory -> departed.removeListedIn(directory, files));
        return List.copyOf(departed.notices);
    }

    private void removeListedIn(Path directory, Set<Path> departed) {
        try {
            GuestFileList list = GuestFileList.in(directory, owner);
            if (list.isForeign()) {
                leave(directory, "it belongs to another user, so nothing in it was removed");
            }
            if (list.paths().isEmpty()) {
                return;
            }
            try (Claim claim = Claim.take(Claim.besides(directory), "", text -> false)) {
                removeListed(directory, departed);
                claim.release();
            } catch (Claim.HeldException e) {
                leave(
                        directory,
                        "another guest is on its way into this directory, so none of the files in it was removed");
            }
        } catch (IOException e) {
            LOG.warn("could not remove the departed guest's files in {}", directory, e);
            leave(directory, "the files in it could not be removed: " + e.getMessage());
        }
    }

    private void removeListed(Path directory, Set<Path> departed) throws IOException {
        GuestFileList list = GuestFileList.in(directory, owner);
        Set<Path> leaving = new TreeSet<>();
        for (Path file : list.paths()) {
            if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                list.remove(file);
            } else if (isAmong(file, departed)) {
                leaving.add(file);
            }
        }
        if (leaving.isEmpty()) {
            return;
        }
        FilesInUse inUse = lookAround(directory, leaving);
        if (inUse == null) {
            return;
        }
        for (Path file : new TreeSet<>(list.paths())) {
            Optional<String> user = inUse.userOf(file);
            if (!list.isOurs(file)) {
                list.remove(file);
                leave(file, "it is no longer the file that vmmig had made there, so it was not removed");
            } else if (user.isPresent()) {
                leave(file, user.get() + " needs it, so it was not removed");
            } else if (!leaving.contains(file)) {
                leave(file, "vmmig had made it for the guest, which no longer used it when it left");
            } else {
                Files.delete(file);
                list.remove(file);
            }
        }
        removeDeadSockets(directory, departed, inUse);
        list.write();
        try (var left = Files.list(directory)) {
            if (left.findAny().isPresent()) {
                return;
            }
        }
        Files.delete(directory);
    }

    /** Whether the file is one of {@code others}, under any name. */
    private static boolean isAmong(Path file, Set<Path> others) throws IOException {
        for (Path other : others) {
            if (other.equals(file) || (Files.exists(other) && Files.isSameFile(file, other))) {
                return true;
            }
        }
        return false;
    }

    /** The files that others need, or null when that is not known. */
    private @Nullable FilesInUse lookAround(Path directory, Set<Path> leaving) throws IOException {
        try {
            FilesInUse inUse =
                    HypervisorRetry.call(guest.toString(), reaching, () -> FilesInUse.besides(guest, hypervisor));
            inUse.addImagesIn(directory, leaving);
            return inUse;
        } catch (VmmigException e) {
            LOG.warn("the other guests of this host could not be inspected", e);
            leaving.forEach(file -> leave(
                    file,
                    "it was not removed, since it is not known whether another guest of this host needs it ("
                            + e.failure().what() + ")"));
            return null;
        }
    }

    private static void removeDeadSockets(Path directory, Set<Path> departed, FilesInUse inUse) throws IOException {
        for (Path socket : departed) {
            if (directory.equals(socket.toAbsolutePath().normalize().getParent())
                    && Files.exists(socket, LinkOption.NOFOLLOW_LINKS)
                    && Files.readAttributes(socket, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                            .isOther()
                    && inUse.userOf(socket).isEmpty()
                    && Sockets.diesWithin(socket, ENDING)) {
                Files.deleteIfExists(socket);
            }
        }
    }

    private void leave(Path file, String why) {
        notices.add(new Notice(
                Notice.Kind.LEFT_BEHIND,
                file.toString(),
                file + " stays: " + why,
                "Remove it when nobody needs it any more."));
    }
}
