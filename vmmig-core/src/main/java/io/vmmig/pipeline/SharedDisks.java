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
 * The disks that a guest can write to and that are not its alone: they are {@code <shareable/>}, or another guest of the host uses
 * the same file, running or defined. They travel only as copies, and only if their owner has said so.
 *
 * @param files the files of those that travel as copies, by target
 * @param notices what a report has to say of them
 */
record SharedDisks(Map<String, Path> files, List<Notice> notices) {
    SharedDisks {
        notices = List.copyOf(notices);
    }

    /**
     * Those of a guest.
     *
     * @param copying the disks that may travel as copies, by target
     * @throws IncompatibleException with {@link Problem#DISK_SHARED} if one may not
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
                    e, Problem.FILE_FAILED, file + " could not be looked at", "Check that it is there and readable.");
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

    /** Which disks these are. */
    Set<String> targets() {
        return files.keySet();
    }

    /** A domain, or a definition, in which they are the guest's own. */
    DomainXml without(DomainXml domain) throws VmmigException {
        return domain.withOwn(files.values());
    }

    /** The same of a definition that there may be. */
    @Nullable
    String without(@Nullable String definition) throws VmmigException {
        return definition == null ? null : without(DomainXml.parse(definition)).text();
    }
}
