// SPDX-License-Identifier: Apache-2.0
package io.vmmig.state;

import io.vmmig.files.PrivateFiles;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The layout of a host's state before {@link HostState}: an image store, with everything else in directories beside the images. The
 * conversion may be interrupted at any point and repeated.
 */
final class LayoutBefore {
    private static final Logger LOG = LoggerFactory.getLogger(LayoutBefore.class);
    private static final Pattern IMAGE = Pattern.compile("sha256-[0-9a-f]{64}\\.(qcow2|raw)");
    /** Old directory to new. */
    private static final Map<String, String> MOVED = Map.of("taken", "consumed", "references", "images/references");

    private LayoutBefore() {}

    static void takeOver(Path directory) throws IOException {
        for (Path entry : PrivateFiles.list(directory)) {
            String name = entry.getFileName().toString();
            if (IMAGE.matcher(name).matches()) {
                link(entry, directory.resolve("images").resolve(name));
            } else if (MOVED.containsKey(name)) {
                Path place = directory.resolve(MOVED.get(name));
                if (!Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
                    Files.move(entry, place, StandardCopyOption.ATOMIC_MOVE);
                    LOG.info("{} is {} now", entry, place);
                }
            }
        }
    }

    /** Links the image at its old path too, since overlays of guests name that path. */
    private static void link(Path image, Path place) throws IOException {
        try {
            Files.createLink(place, image);
            LOG.info("{} is {}, too", image, place);
        } catch (FileAlreadyExistsException e) {
            LOG.debug("{} is there already", place);
        }
    }
}
