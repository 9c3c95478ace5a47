// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import io.vmmig.lab.LabException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;

/**
 * The resources that processes have used so far: these processes, their descendants, and ended children, which Linux adds to the
 * parent that waited for them; see proc(5). Measuring itself should not count, so for this process only its children do.
 *
 * @param cpuMillis processor time
 * @param bytesWritten what was written to files on disks, or would have been if they had not been removed before
 * @param memoryBytes their private memory now
 */
record Usage(long cpuMillis, long bytesWritten, long memoryBytes) {
    private static final Path PROC = Path.of("/proc");
    /** {@code USER_HZ}, which Linux has long promised not to change. */
    private static final long MILLIS_PER_TICK = 10;

    private static final int PAGE_BYTES = 4096;
    private static final int PARENT = 1;
    /** Two numbers of the process itself, then two of its ended children. */
    private static final int TIMES = 11;

    private static final int TIMES_OF_CHILDREN = 13;
    private static final int TIMES_END = 15;
    private static final long OURSELVES = ProcessHandle.current().pid();
    private static final String WRITTEN = "write_bytes: ";

    /** These processes and their descendants, except those for which {@code without} holds and their descendants. */
    static Usage of(Collection<Long> roots, Predicate<Long> without) {
        Map<Long, String[]> all = stats();
        Map<Long, Boolean> known = new HashMap<>();
        Usage sum = new Usage(0, 0, 0);
        for (Map.Entry<Long, String[]> process : all.entrySet()) {
            if (belongs(process.getKey(), all, roots, without, known)) {
                sum = sum.plus(usage(process.getKey(), process.getValue()));
            }
        }
        return sum;
    }

    private static boolean belongs(
            long pid,
            Map<Long, String[]> all,
            Collection<Long> roots,
            Predicate<Long> without,
            Map<Long, Boolean> known) {
        Boolean answer = known.get(pid);
        if (answer == null) {
            String[] stat = all.get(pid);
            answer = stat != null
                    && !without.test(pid)
                    && (roots.contains(pid) || belongs(Long.parseLong(stat[PARENT]), all, roots, without, known));
            known.put(pid, answer);
        }
        return answer;
    }

    /** The fields after the command's name, of every process. */
    private static Map<Long, String[]> stats() {
        Map<Long, String[]> all = new HashMap<>();
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[0-9]*")) {
            for (Path process : processes) {
                String stat = read(process.resolve("stat"));
                if (!stat.isEmpty()) {
                    all.put(
                            Long.parseLong(process.getFileName().toString()),
                            stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1));
                }
            }
        } catch (IOException e) {
            throw new LabException("could not look at the processes of this machine", e);
        }
        return all;
    }

    private static Usage usage(long pid, String[] stat) {
        long ticks = 0;
        for (int i = pid == OURSELVES ? TIMES_OF_CHILDREN : TIMES; i < TIMES_END; i++) {
            ticks += Long.parseLong(stat[i]);
        }
        long written = 0;
        for (String line : read(PROC.resolve(pid + "/io")).split("\n", -1)) {
            if (line.startsWith(WRITTEN)) {
                written += Long.parseLong(line.substring(WRITTEN.length()));
            }
        }
        String[] pages = read(PROC.resolve(pid + "/statm")).split(" ", -1);
        long memory = pages.length < 3 || pid == OURSELVES ? 0 : Long.parseLong(pages[1]) - Long.parseLong(pages[2]);
        return new Usage(ticks * MILLIS_PER_TICK, written, memory * PAGE_BYTES);
    }

    /** Empty if the process has ended meanwhile. */
    private static String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }

    private Usage plus(Usage other) {
        return new Usage(
                cpuMillis + other.cpuMillis, bytesWritten + other.bytesWritten, memoryBytes + other.memoryBytes);
    }
}
