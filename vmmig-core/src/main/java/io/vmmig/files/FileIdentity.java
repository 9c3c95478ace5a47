// SPDX-License-Identifier: Apache-2.0
package io.vmmig.files;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Identifies a file regardless of its name: its inode and its device. Device numbers are valid until a reboot; afterwards only
 * the inode is compared.
 *
 * @param device the device's number
 * @param inode the inode's number
 * @param boot the boot in which the device had that number
 */
public record FileIdentity(long device, long inode, String boot) {
    private static final Pattern FORM = Pattern.compile("(\\d{1,19}):(\\d{1,19}):([0-9a-f-]{1,36})");
    private static final String BOOT = thisBoot();

    private static String thisBoot() {
        try {
            return Files.readString(Path.of("/proc/sys/kernel/random/boot_id"), StandardCharsets.US_ASCII)
                    .strip();
        } catch (IOException e) {
            // Then all boots count as one, and a device must keep its number.
            return "0";
        }
    }

    /** The identity of the file with that name, without following a symbolic link. */
    public static FileIdentity of(Path file) throws IOException {
        return of(Files.readAttributes(file, "unix:dev,ino", LinkOption.NOFOLLOW_LINKS));
    }

    /** The identity of the file with that name, following symbolic links. */
    public static FileIdentity followed(Path file) throws IOException {
        return of(Files.readAttributes(file, "unix:dev,ino"));
    }

    private static FileIdentity of(Map<String, Object> attributes) {
        return new FileIdentity(number(attributes, "dev"), number(attributes, "ino"), BOOT);
    }

    private static long number(Map<String, Object> attributes, String name) {
        return ((Number) Objects.requireNonNull(attributes.get(name))).longValue();
    }

    /** Parses the result of {@link #toString}; empty for anything else. */
    public static Optional<FileIdentity> parse(String text) {
        Matcher form = FORM.matcher(text);
        // No number of 19 digits is too large for an unsigned long.
        return form.matches()
                ? Optional.of(new FileIdentity(
                        Long.parseUnsignedLong(form.group(1)), Long.parseUnsignedLong(form.group(2)), form.group(3)))
                : Optional.empty();
    }

    /** Whether it is the same file, as far as that can be determined. */
    public boolean sameAs(FileIdentity other) {
        return inode == other.inode && (device == other.device || !boot.equals(other.boot));
    }

    /** Whether that name, without following a link, is this file. */
    public boolean isOf(Path file) {
        try {
            return sameAs(of(file));
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public String toString() {
        return Long.toUnsignedString(device) + ":" + Long.toUnsignedString(inode) + ":" + boot;
    }
}
