// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The files that an image of any kind refers to, for callers that must not remove any of them. It accepts more images than {@link
 * DiskChain} does, and returns rather too many names than too few; do not open files by what it returns.
 */
public final class BackingNames {
    private static final int QED = 0x00444551;
    private static final int QCOW_BACKING_OFFSET = 8;
    private static final int QCOW_BACKING_SIZE = 16;
    private static final int QCOW_VERSION_2_BYTES = 72;
    private static final int QCOW_HEADER_LENGTH = 100;
    private static final int QED_BACKING_OFFSET = 56;
    private static final int QED_BACKING_SIZE = 60;
    private static final int MAX_NAME_BYTES = 4096;
    private static final int MAX_EXTENSIONS = 64;
    private static final int START_BYTES = 104;
    private static final int MODE_TYPE = 0170000;
    private static final int MODE_BLOCK_DEVICE = 0060000;
    private static final Pattern ABSOLUTE_IN_JSON = Pattern.compile("\"(?:file:)?(/[^\"]*)\"");
    private static final Pattern PROTOCOL = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*:.*", Pattern.DOTALL);

    private BackingNames() {}

    /** The files that this image refers to directly; empty if it does not exist, or refers to none. */
    public static Set<Path> in(Path image) throws IOException {
        try {
            if (!readable(image)) {
                return Set.of();
            }
            try (FileChannel channel = FileChannel.open(image, StandardOpenOption.READ)) {
                return paths(image, names(channel));
            }
        } catch (NoSuchFileException e) {
            return Set.of();
        }
    }

    /** Opening anything but a regular file could hang or have side effects. */
    private static boolean readable(Path image) throws IOException {
        int mode = (Integer) Files.getAttribute(image, "unix:mode");
        return Files.isRegularFile(image) || (mode & MODE_TYPE) == MODE_BLOCK_DEVICE;
    }

    private static Set<String> names(FileChannel channel) throws IOException {
        Set<String> names = new LinkedHashSet<>();
        ByteBuffer start = ByteBuffer.allocate(START_BYTES);
        if (!read(channel, start, 0)) {
            return names;
        }
        if (start.getInt(0) == Qcow2Header.MAGIC) {
            add(
                    names,
                    channel,
                    start.getLong(QCOW_BACKING_OFFSET),
                    Integer.toUnsignedLong(start.getInt(QCOW_BACKING_SIZE)));
            addDataFile(names, channel, start);
        } else if (start.order(ByteOrder.LITTLE_ENDIAN).getInt(0) == QED) {
            add(
                    names,
                    channel,
                    Integer.toUnsignedLong(start.getInt(QED_BACKING_OFFSET)),
                    Integer.toUnsignedLong(start.getInt(QED_BACKING_SIZE)));
        }
        return names;
    }

    private static void addDataFile(Set<String> names, FileChannel channel, ByteBuffer start) throws IOException {
        int version = start.getInt(4);
        long at = version == 2 ? QCOW_VERSION_2_BYTES : Integer.toUnsignedLong(start.getInt(QCOW_HEADER_LENGTH));
        ByteBuffer prefix = ByteBuffer.allocate(HeaderExtensions.PREFIX_BYTES);
        for (int i = 0; version >= 2 && i < MAX_EXTENSIONS && read(channel, prefix.clear(), at); i++) {
            int type = prefix.getInt(0);
            long length = Integer.toUnsignedLong(prefix.getInt(4));
            if (type == 0) {
                return;
            }
            at += HeaderExtensions.PREFIX_BYTES;
            if (type == HeaderExtensions.DATA_FILE) {
                add(names, channel, at, length);
            }
            at += (length + 7) & ~7L;
        }
    }

    private static void add(Set<String> names, FileChannel channel, long offset, long bytes) throws IOException {
        if (offset <= 0 || bytes <= 0 || bytes > MAX_NAME_BYTES) {
            return;
        }
        ByteBuffer name = ByteBuffer.allocate((int) bytes);
        if (read(channel, name, offset)) {
            names.add(new String(name.array(), StandardCharsets.UTF_8));
        }
    }

    private static boolean read(FileChannel channel, ByteBuffer buffer, long at) throws IOException {
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, at + buffer.position()) < 0) {
                return false;
            }
        }
        return true;
    }

    private static Set<Path> paths(Path image, Set<String> names) throws IOException {
        Set<Path> paths = new LinkedHashSet<>();
        for (String name : names) {
            if (name.startsWith("json:")) {
                Matcher absolute = ABSOLUTE_IN_JSON.matcher(name);
                while (absolute.find()) {
                    add(paths, image, absolute.group(1).replace("\\/", "/"));
                }
            } else {
                String plain = name.startsWith("file:") ? name.substring("file:".length()) : name;
                if (plain.startsWith("/") || !PROTOCOL.matcher(plain).matches()) {
                    add(paths, image, plain);
                }
            }
        }
        return paths;
    }

    /** QEMU resolves a relative name against the image's path as given; this also resolves it against the real path, to be safe. */
    private static void add(Set<Path> paths, Path image, String name) throws IOException {
        try {
            paths.add(image.toAbsolutePath().resolveSibling(name).normalize());
            if (Files.exists(image, LinkOption.NOFOLLOW_LINKS)) {
                paths.add(image.toRealPath().resolveSibling(name));
            }
        } catch (InvalidPathException e) {
            // No file can have that name, so none can be removed.
        }
    }
}
