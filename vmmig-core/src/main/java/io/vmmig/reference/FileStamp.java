// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * Detects changes of a file: writing to it changes one of these.
 *
 * @param text size, times and inode as text, to be compared
 * @param changed the inode's change time, which users cannot set
 */
record FileStamp(String text, Instant changed) {
    /** The coarsest timestamp resolution of file systems for images. */
    private static final Duration TICK = Duration.ofSeconds(2);

    static FileStamp of(Path file) throws IOException {
        Map<String, Object> attributes =
                Files.readAttributes(file, "unix:isRegularFile,size,lastModifiedTime,ctime,dev,ino");
        if (!Boolean.TRUE.equals(attributes.get("isRegularFile"))) {
            throw new IOException(file + " is not a regular file");
        }
        FileTime changed = time(attributes, "ctime");
        String text = attributes.get("size")
                + " " + nanos(time(attributes, "lastModifiedTime"))
                + " " + nanos(changed)
                + " " + attributes.get("dev")
                + " " + attributes.get("ino");
        return new FileStamp(text, changed.toInstant());
    }

    private static FileTime time(Map<String, Object> attributes, String name) {
        return (FileTime) Objects.requireNonNull(attributes.get(name), name);
    }

    private static long nanos(FileTime time) {
        return time.to(TimeUnit.NANOSECONDS);
    }

    /** Whether the file is unchanged. */
    boolean holds(Path file) throws IOException {
        return equals(of(file));
    }

    /** Whether a change from now on would be detected: a change within the same clock tick as the last one would not. */
    boolean settled() {
        return changed.plus(TICK).isBefore(Instant.now());
    }
}
