// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The memory available for a new guest. libvirt reports only completely unused memory, which is almost nothing on a busy host,
 * because Linux fills free memory with caches that it drops on demand; the kernel's own estimate includes those.
 */
final class FreeMemory {
    private static final Pattern AVAILABLE = Pattern.compile("MemAvailable:\\s+(\\d{1,15}) kB");
    private static final int KIB = 1024;

    private FreeMemory() {}

    static OptionalLong ofThisMachine() {
        try {
            return parse(Files.readAllLines(Path.of("/proc/meminfo")));
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    static OptionalLong parse(List<String> meminfo) {
        return meminfo.stream()
                .map(AVAILABLE::matcher)
                .filter(Matcher::matches)
                .mapToLong(line -> Long.parseLong(line.group(1)) * KIB)
                .findFirst();
    }
}
