// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.files.FileIdentity;
import io.vmmig.files.NewFile;
import io.vmmig.files.Ownership;
import io.vmmig.files.PrivateFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The list in a guest's directory of the files that vmmig has created for it, there or elsewhere. Each line has a file's identity and its
 * path. Read and written under the claim on the directory.
 */
final class GuestFileList {
    private static final Logger LOG = LoggerFactory.getLogger(GuestFileList.class);
    private static final String NAME = ".vmmig-files";

    private final Path directory;
    /** Null for files of earlier versions of vmmig, which recorded no identity. */
    private final Map<Path, @Nullable FileIdentity> files = new LinkedHashMap<>();

    private boolean foreign;

    private GuestFileList(Path directory) {
        this.directory = directory;
    }

    /** Checks whether a directory belongs to this user. */
    @FunctionalInterface
    interface OwnerCheck {
        /** Throws if it does not; the message names the owner. */
        void require(Path directory) throws IOException;
    }

    /** Reads the list in that directory; empty if there is none, or the directory belongs to another user. */
    static GuestFileList in(Path directory) throws IOException {
        return in(directory, Ownership::requireOwner);
    }

    static GuestFileList in(Path directory, OwnerCheck owner) throws IOException {
        GuestFileList list = new GuestFileList(directory);
        boolean there = Files.isRegularFile(list.file(), LinkOption.NOFOLLOW_LINKS);
        list.foreign = there && !isTrusted(directory, owner);
        if (there && !list.foreign) {
            for (String line : Files.readAllLines(list.file())) {
                list.read(line);
            }
        }
        return list;
    }

    /** Another owner could list files that vmmig has not created. */
    private static boolean isTrusted(Path directory, OwnerCheck owner) {
        try {
            owner.require(directory);
            return true;
        } catch (IOException e) {
            LOG.warn("nothing in {} counts as made by vmmig: {}", directory, e.getMessage());
            return false;
        }
    }

    private void read(String line) {
        int space = line.indexOf(' ');
        FileIdentity identity =
                space < 0 ? null : FileIdentity.parse(line.substring(0, space)).orElse(null);
        files.put(Path.of(identity == null ? line : line.substring(space + 1)), identity);
    }

    private Path file() {
        return directory.resolve(NAME);
    }

    /** Whether the directory has a list that is ignored because the directory belongs to another user. */
    boolean isForeign() {
        return foreign;
    }

    Set<Path> paths() {
        return Set.copyOf(files.keySet());
    }

    void add(Path path, FileIdentity identity) {
        files.put(path, identity);
    }

    void remove(Path path) {
        files.remove(path);
    }

    /** Whether the file of that name is still the one that vmmig has created. */
    boolean isOurs(Path path) {
        FileIdentity identity = files.get(path);
        return identity == null ? files.containsKey(path) && isFile(path) : isFile(path) && identity.isOf(path);
    }

    private static boolean isFile(Path path) {
        return Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS);
    }

    /** Writes the list durably; an empty one is removed. */
    void write() throws IOException {
        if (files.isEmpty()) {
            if (Files.deleteIfExists(file())) {
                NewFile.syncDirectoryOf(file());
            }
            return;
        }
        List<String> lines = files.entrySet().stream()
                .map(entry ->
                        entry.getValue() == null ? entry.getKey().toString() : entry.getValue() + " " + entry.getKey())
                .toList();
        PrivateFiles.replace(
                file(),
                lines.stream().collect(Collectors.joining("\n", "", "\n")).getBytes(StandardCharsets.UTF_8),
                NAME + "-");
    }
}
