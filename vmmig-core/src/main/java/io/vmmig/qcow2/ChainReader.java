// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import io.vmmig.bundle.ImageFormat;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.json.Malformed;
import io.vmmig.json.Texts;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Follows one chain of backing files. */
final class ChainReader {
    private static final int MAX_DEPTH = 64;

    private final Set<Path> seen = new HashSet<>();

    /**
     * The images from the lowest to the top one.
     *
     * @param used the images that are known to be used, the top one first
     * @param complete whether these are all images; otherwise the header of the last one names the one below it
     */
    List<DiskChain.Link> follow(List<DiskChain.Used> used, boolean complete) throws VmmigException {
        List<DiskChain.Link> links = new ArrayList<>();
        for (DiskChain.Used image : used) {
            add(links, image.path().toAbsolutePath(), image.format());
        }
        Qcow2Header.Backing backing = complete ? null : lowest(links).backing();
        while (backing != null) {
            Path path = lowest(links).image().path();
            ImageProblems problems = new ImageProblems(called(path));
            ImageFormat format = format(backing, problems);
            add(links, resolve(path, backing.name(), problems), format);
            backing = lowest(links).backing();
        }
        Collections.reverse(links);
        return links;
    }

    private static DiskChain.Link lowest(List<DiskChain.Link> topFirst) {
        return topFirst.get(topFirst.size() - 1);
    }

    private void add(List<DiskChain.Link> links, Path path, ImageFormat format) throws VmmigException {
        if (links.size() == MAX_DEPTH) {
            throw new ImageProblems(called(lowest(links).image().path()))
                    .unsupported(
                            "is the " + MAX_DEPTH + "th of its chain, and has a backing file itself",
                            "Commit or pull some of its layers.");
        }
        links.add(link(path, format));
    }

    /** The name of an image in messages. */
    static String called(Path image) {
        return "disk image " + image;
    }

    private DiskChain.Link link(Path path, ImageFormat format) throws VmmigException {
        ImageProblems problems = new ImageProblems(called(path));
        try {
            if (!seen.add(path.toRealPath())) {
                throw problems.malformed("has itself as a backing file");
            }
            if (!Files.isRegularFile(path)) {
                throw problems.unsupported("is not a regular file", "Use disks that are files.");
            }
            long fileBytes = Files.size(path);
            if (format == ImageFormat.RAW) {
                return new DiskChain.Link(new DiskChain.Image(path, format, fileBytes, fileBytes), null, false);
            }
            try (InputStream in = Files.newInputStream(path)) {
                Qcow2Header header = Qcow2Header.read(in, called(path));
                return new DiskChain.Link(
                        new DiskChain.Image(path, format, header.virtualBytes(), fileBytes),
                        header.backing(),
                        header.hasSnapshots());
            }
        } catch (IOException e) {
            throw VmmigException.from(
                    e,
                    Problem.FILE_FAILED,
                    called(path) + " could not be read",
                    "The domain XML or the image above it names it; check that it is there and readable.");
        }
    }

    /**
     * Without a recorded format QEMU would have to guess from content that a guest may have written, so that a raw disk could
     * turn itself into a qcow2 one with a backing file of the guest's choice.
     */
    private static ImageFormat format(Qcow2Header.Backing backing, ImageProblems problems) throws VmmigException {
        String word = backing.format();
        if (word == null) {
            throw problems.unsupported(
                    "does not record the format of its backing file " + Malformed.quoted(backing.name()),
                    "Record it with qemu-img rebase -u -F FORMAT -b BACKING while the guest is shut off.");
        }
        return ImageFormat.of(word)
                .orElseThrow(() -> problems.unsupported(
                        "has a backing file of format " + Malformed.quoted(word),
                        "Convert the backing file to raw or qcow2."));
    }

    /** The path as which QEMU would interpret a backing file's name; names that are not paths are refused. */
    private static Path resolve(Path overlay, String name, ImageProblems problems) throws VmmigException {
        if (hasProtocol(name) || !Texts.isPlain(name)) {
            throw problems.unsupported(
                    "stands on " + Malformed.quoted(name) + ", which is not the plain path of a file",
                    "Put it on a local file with qemu-img rebase.");
        }
        try {
            return overlay.resolveSibling(Path.of(name));
        } catch (InvalidPathException e) {
            throw problems.unsupported(
                    "stands on " + Malformed.quoted(name) + ", which Java cannot open in this locale",
                    "Run it in a UTF-8 locale, or rename the file.");
        }
    }

    /** QEMU's own rule: a colon before the first slash ends the name of a protocol. */
    private static boolean hasProtocol(String name) {
        int colon = name.indexOf(':');
        int slash = name.indexOf('/');
        return colon >= 0 && (slash < 0 || colon < slash);
    }
}
