// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.files.FileIdentity;
import io.vmmig.files.NewFile;
import io.vmmig.files.Ownership;
import io.vmmig.handover.ArrivalJournal;
import io.vmmig.hypervisor.Hypervisor;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of one arrival. Each is created exclusively, and its identity is recorded before it gets its name, so that only files that the
 * arrival itself has created are ever removed.
 */
final class ArrivalFiles {
    private static final Logger LOG = LoggerFactory.getLogger(ArrivalFiles.class);
    /** QEMU often runs as another user, which must be able to traverse the directory, but not to list it. */
    private static final FileAttribute<?> PASSABLE_DIRECTORY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx--x--x"));

    private final ArrivalJournal journal;
    private int unnamed;

    /** The files of an arrival that is under way or was interrupted by a crash. */
    ArrivalFiles(ArrivalJournal journal) {
        this.journal = journal;
    }

    ArrivalJournal journal() {
        return journal;
    }

    /** Creates the guest's directory, unless it exists. */
    void makeDirectory() throws VmmigException {
        Path directory = journal.facts().directory();
        try {
            Files.createDirectories(directory.getParent());
            try {
                Files.createDirectory(directory, PASSABLE_DIRECTORY);
                recordOrRemove(directory, directory);
            } catch (FileAlreadyExistsException e) {
                if (!Files.isDirectory(directory)) {
                    throw e;
                }
                Ownership.requireOwner(directory, LinkOption.NOFOLLOW_LINKS);
            }
        } catch (IOException e) {
            throw failed("could not make the directory " + directory, e);
        }
    }

    /** Creates an empty file. */
    void create(Path file) throws VmmigException {
        try {
            // A temporary name that nobody else uses.
            Path beside = file.resolveSibling(unnamedPrefix() + unnamed++);
            Files.createFile(beside, NewFile.OWNER_ONLY);
            recordOrRemove(file, beside);
            try {
                Files.createLink(file, beside);
            } catch (FileAlreadyExistsException e) {
                throw e;
            } catch (UnsupportedOperationException | FileSystemException e) {
                LOG.debug("no hard links beside {}", file, e);
                Files.createFile(file, NewFile.OWNER_ONLY);
                recordOrRemove(file, file);
            } finally {
                Files.deleteIfExists(beside);
            }
        } catch (FileAlreadyExistsException e) {
            throw VmmigException.of(
                    Problem.DISK_IN_USE,
                    "somebody has just made the file " + file + " at the destination",
                    "Move it away if no guest needs it, or receive the guest under another name or path.");
        } catch (IOException e) {
            throw failed("could not make the file " + file, e);
        }
    }

    /** Records a file that was just created, or removes it if it cannot be recorded. */
    private void recordOrRemove(Path path, Path made) throws IOException, VmmigException {
        boolean recorded = false;
        try {
            journal.made(new ArrivalJournal.Made(path, FileIdentity.of(made)));
            recorded = true;
        } finally {
            if (!recorded) {
                Files.deleteIfExists(made);
            }
        }
    }

    private String unnamedPrefix() {
        return ".vmmig-new-" + journal.facts().packageId() + "-";
    }

    /** Adds the files to the list of those that vmmig has created, in the guest's directory. */
    void list() throws VmmigException {
        Path directory = journal.facts().directory();
        try {
            GuestFileList list = GuestFileList.in(directory);
            for (Path file : list.paths()) {
                if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                    list.remove(file);
                }
            }
            for (ArrivalJournal.Made made : journal.made()) {
                if (journal.facts().files().contains(made.path())) {
                    list.add(made.path(), made.identity());
                }
            }
            list.write();
        } catch (IOException e) {
            throw failed("could not list the guest's files in " + directory, e);
        }
    }

    /**
     * Removes what this arrival has created, and what its hypervisor has created for it. Anything else in the same directory or under the
     * same name belongs to somebody else and stays.
     *
     * @throws VmmigException with {@link Problem#FILE_FAILED} when something could not be removed
     */
    void discard(Hypervisor hypervisor) throws VmmigException {
        List<ArrivalJournal.Made> made = new ArrayList<>(journal.made());
        Collections.reverse(made);
        boolean gone = removeOutputs(hypervisor);
        for (ArrivalJournal.Made one : made) {
            if (!one.path().equals(journal.facts().directory())) {
                gone &= remove(one);
            }
        }
        gone &= unlist(made) && removeUnnamed(made);
        for (ArrivalJournal.Made one : made) {
            if (one.path().equals(journal.facts().directory())) {
                gone &= remove(one);
            }
        }
        if (!gone) {
            throw VmmigException.of(
                    Problem.FILE_FAILED,
                    "not all that was made for it in " + journal.facts().directory() + " could be removed",
                    "See the log, mend that, and recover again.");
        }
    }

    private static boolean remove(ArrivalJournal.Made made) {
        try {
            if (made.identity().isOf(made.path())) {
                Files.delete(made.path());
            } else if (Files.exists(made.path(), LinkOption.NOFOLLOW_LINKS)) {
                LOG.warn("{} is another file than the one that was made here, and stays", made.path());
            }
            return true;
        } catch (DirectoryNotEmptyException e) {
            LOG.info("{} stays, since there is something in it that somebody else has made", made.path());
            return true;
        } catch (NoSuchFileException e) {
            LOG.debug("{} was removed by somebody else", made.path());
            return true;
        } catch (IOException e) {
            LOG.warn("{} could not be removed", made.path(), e);
            return false;
        }
    }

    /** Removes the files from the list in the guest's directory. */
    private boolean unlist(List<ArrivalJournal.Made> made) {
        Path directory = journal.facts().directory();
        try {
            if (Files.isDirectory(directory)) {
                GuestFileList list = GuestFileList.in(directory);
                Set<Path> before = list.paths();
                for (ArrivalJournal.Made one : made) {
                    if (!one.identity().isOf(one.path())) {
                        list.remove(one.path());
                    }
                }
                if (!list.paths().equals(before)) {
                    list.write();
                }
            }
            return true;
        } catch (IOException e) {
            LOG.warn("the list of the files in {} could not be changed", directory, e);
            return false;
        }
    }

    /** Removes files that a crash has left under their temporary names. */
    private boolean removeUnnamed(List<ArrivalJournal.Made> made) {
        boolean gone = true;
        Set<Path> directories = new HashSet<>();
        journal.facts().files().forEach(file -> directories.add(file.getParent()));
        for (Path directory : directories) {
            try {
                if (directory != null && Files.isDirectory(directory)) {
                    for (int i = 0; i <= made.size(); i++) {
                        Files.deleteIfExists(directory.resolve(unnamedPrefix() + i));
                    }
                }
            } catch (IOException e) {
                LOG.warn("something may be left in {}", directory, e);
                gone = false;
            }
        }
        return gone;
    }

    /** Removes sockets and logs; the hypervisor has ended, so nobody listens on its sockets. */
    private boolean removeOutputs(Hypervisor hypervisor) throws VmmigException {
        List<Path> there = journal.outputs().stream()
                .filter(path -> Files.exists(path, LinkOption.NOFOLLOW_LINKS))
                .toList();
        if (there.isEmpty()) {
            return true;
        }
        boolean gone = true;
        Optional<FilesInUse> inUse = inUse(hypervisor);
        for (Path output : there) {
            try {
                if (inUse.isPresent() && inUse.get().userOf(output).isPresent()) {
                    LOG.warn(
                            "{} stays: {} names it, too",
                            output,
                            inUse.get().userOf(output).get());
                } else if (mayRemove(output)) {
                    Files.deleteIfExists(output);
                }
            } catch (IOException e) {
                LOG.warn("{} could not be removed", output, e);
                gone = false;
            }
        }
        return gone;
    }

    private static boolean mayRemove(Path output) throws IOException {
        BasicFileAttributes attributes =
                Files.readAttributes(output, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        return attributes.isRegularFile() || (attributes.isOther() && Sockets.isDead(output));
    }

    private Optional<FilesInUse> inUse(Hypervisor hypervisor) {
        try {
            return Optional.of(FilesInUse.besides(journal.facts().uuid(), hypervisor));
        } catch (VmmigException e) {
            // They did not exist when their paths were claimed for this guest.
            LOG.warn(
                    "guest {}: the other guests of this host could not be inspected",
                    journal.facts().guest(),
                    e);
            return Optional.empty();
        }
    }

    private static VmmigException failed(String what, IOException e) {
        return VmmigException.from(e, Problem.FILE_FAILED, what, "Check the path and its permissions.");
    }
}
