// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.domain.DomainXml;
import io.vmmig.error.IncompatibleException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.report.Notice;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The writable disks that a guest shares with others: they are {@code <shareable/>}, or another running or defined guest of the host uses
 * the same file. They move only as copies, and only if the caller allows it.
 *
 * @param files the files of those that move as copies, by target
 * @param notices notices about them for the report
 */
record SharedDisks(Map<String, Path> files, List<Notice> notices) {
    SharedDisks {
        notices = List.copyOf(notices);
    }

    /**
     * Finds a guest's shared disks.
     *
     * @param copying the targets of the disks that may move as copies
     * @throws IncompatibleException with {@link Problem#DISK_SHARED} if another disk is shared
     */
    static SharedDisks of(DomainXml domain, Guest guest, Hypervisor hypervisor, Set<String> copying)
            throws VmmigException {
        Set<String> shareable = domain.sharedDisks().keySet();
        List<Notice> notices = new ArrayList<>();
        FilesInUse others = others(guest, hypervisor, notices);
        Map<String, Path> files = new LinkedHashMap<>();
        for (DomainXml.Disk disk : domain.disks()) {
            Optional<String> user = disk.readOnly() || others == null ? Optional.empty() : user(disk.file(), others);
            if (user.isEmpty() && !shareable.contains(disk.target())) {
                continue;
            }
            String why = shareable.contains(disk.target())
                    ? "is <shareable/>"
                            + user.map(other -> ", and " + other + " uses it").orElse("")
                    : "is also used by " + user.orElseThrow();
            if (!copying.contains(disk.target())) {
                throw refused(disk, why);
            }
            files.put(disk.target(), disk.file());
            notices.add(copied(disk, why));
        }
        return new SharedDisks(files, notices);
    }

    private static @Nullable FilesInUse others(Guest guest, Hypervisor hypervisor, List<Notice> notices) {
        try {
            return FilesInUse.besides(guest.uuid(), hypervisor);
        } catch (VmmigException e) {
            notices.add(new Notice(
                    Notice.Kind.INTERFERENCE,
                    guest.name(),
                    "it could not be seen whether other guests of this host use a disk of this one: "
                            + e.failure().what(),
                    e.failure().remedy()));
            return null;
        }
    }

    private static Optional<String> user(Path file, FilesInUse others) throws VmmigException {
        try {
            return others.userOfFile(file);
        } catch (IOException e) {
            throw VmmigException.from(
                    e, Problem.FILE_FAILED, file + " could not be inspected", "Check that it is there and readable.");
        }
    }

    private static IncompatibleException refused(DomainXml.Disk disk, String why) {
        return new IncompatibleException(
                Problem.DISK_SHARED,
                "disk " + disk.target() + ", " + disk.file() + ", " + why
                        + ": what one guest writes to it then, the others would not see",
                "Detach it, or let the guest have a copy of its own with Migrator.copyingShared(\"" + disk.target()
                        + "\").");
    }

    private static Notice copied(DomainXml.Disk disk, String why) {
        return new Notice(
                Notice.Kind.NOT_CARRIED,
                disk.target(),
                "disk " + disk.target() + ", " + disk.file() + ", " + why
                        + "; what travels is a copy, which the others neither see nor change, and in which what they"
                        + " wrote at that moment may be there in part only",
                "Connect the guests by a network disk, if they are to share it again.");
    }

    /** The domain or definition with these disks as the guest's own. */
    DomainXml without(DomainXml domain) throws VmmigException {
        return domain.withOwn(files.values());
    }

    /** As {@link #without(DomainXml)}, for an optional definition. */
    @Nullable
    String without(@Nullable String definition) throws VmmigException {
        return definition == null ? null : without(DomainXml.parse(definition)).text();
    }
}
