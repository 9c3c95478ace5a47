// SPDX-License-Identifier: Apache-2.0
package io.vmmig.files;

import io.vmmig.content.Digest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Identifies the process that creates a file, so that others can tell later whether it still exists: its pid, its start time, and
 * the boot and pid namespace to which they belong.
 *
 * @param world the boot, and the pid namespace
 * @param pid the number
 * @param begun its start time, in ticks since boot
 */
record Maker(String world, long pid, long begun) {
    private static final Pattern FORM = Pattern.compile("([0-9a-f]{16})\\.(\\d{1,18})\\.(\\d{1,18})-");
    private static final int WORLD_DIGITS = 16;
    /** Counted from the end of the command's name, which may contain anything. */
    private static final int FIELD_OF_BEGINNING = 20;

    /** This process; empty if /proc does not tell. */
    static final Optional<Maker> OURS = ours();

    private static Optional<Maker> ours() {
        try {
            String world = Files.readString(Path.of("/proc/sys/kernel/random/boot_id"))
                            .strip() + " " + Files.readSymbolicLink(Path.of("/proc/self/ns/pid"));
            String name =
                    Digest.of(world.getBytes(StandardCharsets.UTF_8)).hex().substring(0, WORLD_DIGITS);
            long pid = ProcessHandle.current().pid();
            return beginningOf(pid).map(begun -> new Maker(name, pid, begun));
        } catch (IOException | UnsupportedOperationException e) {
            return Optional.empty();
        }
    }

    private static Optional<Long> beginningOf(long pid) throws IOException {
        Path stat = Path.of("/proc", Long.toString(pid), "stat");
        if (!Files.exists(stat)) {
            return Optional.empty();
        }
        String text = Files.readString(stat, StandardCharsets.ISO_8859_1);
        String[] fields = text.substring(text.lastIndexOf(')') + 1).strip().split(" ");
        return fields.length < FIELD_OF_BEGINNING
                ? Optional.empty()
                : Optional.of(Long.parseLong(fields[FIELD_OF_BEGINNING - 1]));
    }

    /** Whether the maker of a file of that name has certainly ended. */
    static boolean isNoMore(String fileName) {
        Matcher form = FORM.matcher(fileName);
        if (!form.find() || OURS.isEmpty() || !OURS.get().world.equals(form.group(1))) {
            return false;
        }
        try {
            Optional<Long> begun = beginningOf(Long.parseLong(form.group(2)));
            return begun.isEmpty() || begun.get() != Long.parseLong(form.group(3));
        } catch (IOException e) {
            // It may just be ending; the next sweep will see.
            return false;
        }
    }

    @Override
    public String toString() {
        return world + "." + pid + "." + begun;
    }
}
