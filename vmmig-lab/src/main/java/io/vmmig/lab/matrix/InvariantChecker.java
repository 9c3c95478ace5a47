// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.matrix;

import io.vmmig.lab.Await;
import io.vmmig.lab.LabException;
import io.vmmig.lab.Trees;
import io.vmmig.lab.guest.ConsoleLog;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;

/** Checks that a guest lost nothing, and that a host has nothing left over. */
public final class InvariantChecker {
    /** Background work, such as indexing a cached package, is over by then. */
    private static final Duration SETTLING_TIME = Duration.ofSeconds(15);

    private InvariantChecker() {}

    /**
     * Checks a guest that was not restarted.
     *
     * @param earlier what it had printed at the source, if it has moved
     * @param sum the checksum that its memory should have
     * @param logIsWhole false if the host's disk was full, so that its output may be incomplete
     */
    public static List<String> lossesOf(LabGuest guest, Optional<byte[]> earlier, String sum, boolean logIsWhole) {
        List<String> wrong = new ArrayList<>();
        guest.ticking();
        String found = guest.memorySum();
        if (!found.equals(sum)) {
            wrong.add("its memory has changed: " + found + " instead of " + sum);
        }
        Map<String, Long> onDisks = guest.records();
        List<byte[]> parts = new ArrayList<>();
        earlier.ifPresent(parts::add);
        parts.add(guest.console().bytes());
        ConsoleLog log = ConsoleLog.of(parts);
        wrong.addAll(log.complaints());
        if ((logIsWhole && log.ticksLost() != 0) || log.ticksRepeated() != 0) {
            wrong.add(log.ticksLost() + " ticks lost, " + log.ticksRepeated() + " repeated");
        }
        if (logIsWhole && log.recordsLost() != 0) {
            wrong.add(log.recordsLost() + " records lost or repeated");
        }
        // It may write one more record between the two reads.
        wrong.addAll(missingRecords(log.lastRecord() - 1, onDisks));
        return wrong;
    }

    /** Checks that the disks of a restarted guest have all records that it had announced. */
    public static List<String> missingRecords(long announced, Map<String, Long> onDisks) {
        List<String> wrong = new ArrayList<>();
        onDisks.forEach((disk, count) -> {
            if (count < 0) {
                wrong.add("the records on " + disk + " are broken");
            } else if (count < announced) {
                wrong.add("record " + announced + " was announced, and " + disk + " has " + count);
            }
        });
        if (onDisks.isEmpty()) {
            wrong.add("it has no disks");
        }
        return wrong;
    }

    /** Files, guests and processes that a host should not have. */
    public static List<String> leftovers(LabHost host, String guest, boolean isHere) {
        return lasting("nothing to be left on " + host, () -> look(host, guest, isHere));
    }

    /** What is still wrong when all background work is over. */
    public static List<String> lasting(String hope, Callable<List<String>> look) {
        List<List<String>> seen = new ArrayList<>();
        try {
            Await.until(hope, SETTLING_TIME, () -> {
                seen.add(look.call());
                return seen.get(seen.size() - 1).isEmpty();
            });
            return List.of();
        } catch (LabException e) {
            if (seen.isEmpty()) {
                throw e;
            }
            return seen.get(seen.size() - 1);
        }
    }

    private static List<String> look(LabHost host, String guest, boolean isHere) throws IOException {
        List<String> left = leftFiles(host, isHere, Set.of());
        List<String> guests = host.guests();
        if (!guests.equals(isHere ? List.of(guest) : List.of())) {
            left.add(host + " knows the guests " + guests);
        }
        int qemus = host.trouble().qemus(guest).size();
        if (qemus != (isHere ? 1 : 0)) {
            left.add(host + " runs " + qemus + " QEMUs");
        }
        return left;
    }

    /**
     * Files on a host that should not be there.
     *
     * @param isHere whether guests, and so their files, belong on that host
     * @param others files that belong to someone else
     */
    public static List<String> leftFiles(LabHost host, boolean isHere, Set<Path> others) throws IOException {
        List<String> left = new ArrayList<>();
        for (Path file : Trees.list(host.directory().resolve("tmp"))) {
            // zstd-jni unpacks a library, and removes it when its JVM exits normally.
            if (!file.getFileName().toString().startsWith("libzstd-jni")) {
                left.add(file.toString());
            }
        }
        Path state = host.stateDirectory();
        Trees.list(state.resolve("departures")).forEach(journal -> left.add(journal.toString()));
        for (Path journal : Trees.list(state.resolve("arrivals"))) {
            String text = Files.readString(journal);
            if (!text.endsWith("{\"state\":\"RESUMED\"}\n") && !text.endsWith("{\"state\":\"DISCARDED\"}\n")) {
                left.add(journal + ", whose migration is not finished");
            }
        }
        for (Path file : Trees.files(state)) {
            // Unfinished files have such names.
            if (file.getFileName().toString().startsWith(".")) {
                left.add(file.toString());
            }
        }
        if (!isHere) {
            // Logs belong to the user of QEMU.
            Trees.everything(host.guestsDirectory()).stream()
                    .filter(path -> !Files.isDirectory(path) && !path.toString().endsWith(".log"))
                    .filter(path -> !others.contains(path))
                    .forEach(path -> left.add(path.toString()));
        }
        return left;
    }
}
