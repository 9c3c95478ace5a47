// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.guest;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a lab guest printed. A guest that moves leaves a part of it on each host, and the cut may be within a line; so the parts
 * are joined before they are parsed.
 */
public final class ConsoleLog {
    private static final Pattern TICK = Pattern.compile("tick (\\d+) \\d+\\.\\d+");
    private static final Pattern RECORDED = Pattern.compile("recorded (\\d+)");

    private final List<String> lines;
    private final List<Long> ticks = new ArrayList<>();
    private final List<Long> records = new ArrayList<>();

    private ConsoleLog(List<String> lines) {
        this.lines = lines;
        for (String line : lines) {
            collect(TICK.matcher(line), ticks);
            collect(RECORDED.matcher(line), records);
        }
    }

    private static void collect(Matcher matcher, List<Long> numbers) {
        if (matcher.matches()) {
            numbers.add(Long.parseLong(matcher.group(1)));
        }
    }

    /** Reads these parts, in order, as one text. A last line without its end is left out. */
    public static ConsoleLog of(List<byte[]> parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        parts.forEach(all::writeBytes);
        String text = all.toString(StandardCharsets.ISO_8859_1);
        String complete = text.substring(0, text.lastIndexOf('\n') + 1);
        return new ConsoleLog(complete.lines().map(String::strip).toList());
    }

    /** All complete lines. */
    public List<String> lines() {
        return lines;
    }

    /** The last tick, or 0 before the first. */
    public long lastTick() {
        return last(ticks);
    }

    /** The last record that the guest says is on all of its disks, or 0 before the first. */
    public long lastRecord() {
        return last(records);
    }

    private static long last(List<Long> numbers) {
        return numbers.isEmpty() ? 0 : numbers.get(numbers.size() - 1);
    }

    /** Whether the guest has all of its memory filled and its disks mounted. */
    public boolean ready() {
        return lines.stream().anyMatch(line -> line.startsWith("vmmig-guest ready"));
    }

    /** Errors that the guest itself reports. */
    public List<String> complaints() {
        return lines.stream()
                .filter(line -> line.startsWith("vmmig-guest failed") || line.contains("Kernel panic"))
                .toList();
    }

    /** How many ticks are missing between the first and the last. */
    public long ticksLost() {
        return lost(ticks);
    }

    /** How many ticks are repeated. */
    public long ticksRepeated() {
        return repeated(ticks);
    }

    /** How many records were announced out of order, or not at all. */
    public long recordsLost() {
        return lost(records) + repeated(records);
    }

    private static long lost(List<Long> numbers) {
        long lost = 0;
        for (int i = 1; i < numbers.size(); i++) {
            lost += Math.max(0, numbers.get(i) - numbers.get(i - 1) - 1);
        }
        return lost;
    }

    private static long repeated(List<Long> numbers) {
        long repeated = 0;
        for (int i = 1; i < numbers.size(); i++) {
            repeated += numbers.get(i) <= numbers.get(i - 1) ? 1 : 0;
        }
        return repeated;
    }
}
