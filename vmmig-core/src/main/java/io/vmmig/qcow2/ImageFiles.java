// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import io.vmmig.bundle.ImageFormat;
import io.vmmig.bundle.Manifest;
import io.vmmig.content.Digest;
import io.vmmig.error.IntegrityException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.files.NewFile;
import io.vmmig.json.Malformed;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes files from a package, without trusting what they say about other files. */
public final class ImageFiles {
    private static final Logger LOG = LoggerFactory.getLogger(ImageFiles.class);
    private static final int SECTOR = 512;

    private ImageFiles() {}

    /**
     * Writes a kernel or similar to an existing file, synced to the disk. The file stays if this fails.
     *
     * @throws IOException if reading or writing fails, or the file is not there
     */
    public static void fill(InputStream in, Path file) throws IOException {
        try (NewFile out = NewFile.over(file)) {
            out.append(in, Long.MAX_VALUE, null);
            out.finish();
        }
    }

    /**
     * Writes a base image to an existing file, synced to the disk. The file stays if this fails.
     *
     * @throws VmmigException if the image does not match the manifest, has tables outside of its file, or a backing file
     * @throws IOException if reading or writing fails
     */
    public static void fillBase(InputStream in, Manifest.Base base, Path file) throws IOException, VmmigException {
        MessageDigest sha256 = Digest.newSha256();
        try (NewFile out = NewFile.over(file)) {
            out.append(in, base.content().bytes(), sha256);
            if (in.read() >= 0 || !Digest.of(sha256).equals(base.content().digest())) {
                throw new IntegrityException(
                        Problem.DIGEST_MISMATCH,
                        "the received base image is not the one that the manifest names: "
                                + base.content().digest(),
                        "Make the package again.");
            }
            out.finish();
        }
        if (base.format() == ImageFormat.QCOW2) {
            Qcow2Image.open(file).close();
        }
    }

    /**
     * Whether {@link #reserveLayer} can create a placeholder for a layer.
     *
     * @param layer what the manifest says of it
     */
    public static boolean canReserve(Manifest.Layer layer) {
        return layer.format() == ImageFormat.RAW
                ? layer.virtualBytes() > 0
                : layer.virtualBytes() <= EmptyImage.MAX_VIRTUAL_BYTES;
    }

    /**
     * Turns an empty file into a placeholder for a layer: an image of the same format, virtual size and backing, without data. A hypervisor
     * that waits for an incoming guest can open it, since QEMU reads an image again before it runs such a guest.
     *
     * @param backing the image on this host that the layer is based on, or null if none
     * @throws IOException if writing fails, or the file is not there
     */
    public static void reserveLayer(Manifest.Disk disk, int layer, Path file, @Nullable Path backing)
            throws IOException, VmmigException {
        Manifest.Layer described = disk.layers().get(layer);
        try (NewFile out = NewFile.over(file)) {
            if (described.format() == ImageFormat.RAW) {
                out.write(ByteBuffer.allocate(1), described.virtualBytes() - 1);
            } else {
                EmptyImage.write(
                        out,
                        described.virtualBytes(),
                        local(PackageNames.expected(disk, layer), backing),
                        named(disk, layer));
            }
            out.finish();
        }
    }

    /**
     * Creates an overlay: a qcow2 image without data on a local image, readable by its owner only, synced to the disk. It gets the owner and
     * the group of the image below, if this user may give it to them.
     *
     * @param file the new file
     * @param below what it is based on
     * @throws java.nio.file.FileAlreadyExistsException if the name exists
     * @throws IOException if it cannot be written
     */
    public static void makeOverlay(Path file, DiskChain.Image below) throws IOException, VmmigException {
        Path image = below.path().toAbsolutePath();
        // QEMU counts a disk in whole sectors.
        long virtualBytes = (below.virtualBytes() + SECTOR - 1) / SECTOR * SECTOR;
        try (NewFile out = NewFile.create(file)) {
            ownAs(image, file);
            EmptyImage.write(
                    out,
                    virtualBytes,
                    new Qcow2Header.Backing(image.toString(), below.format().word()),
                    ChainReader.called(file));
            out.finish();
        }
    }

    private static void ownAs(Path image, Path file) throws IOException {
        for (String id : List.of("unix:gid", "unix:uid")) {
            Object wanted = Files.getAttribute(image, id);
            if (!wanted.equals(Files.getAttribute(file, id))) {
                try {
                    Files.setAttribute(file, id, wanted);
                } catch (FileSystemException e) {
                    LOG.debug("{} keeps its {}", file, id, e);
                }
            }
        }
    }

    /**
     * Writes a layer of a disk to an existing file, such as a placeholder of {@link #reserveLayer}, sparse, and synced to the disk. The file
     * stays if this fails, and is no image then. A qcow2 header must name exactly the backing file that the manifest implies, and is rewritten;
     * all tables are checked, and reference counts are rebuilt.
     *
     * @param in the layer from {@link DiskChain#open}; the caller bounds its length
     * @param disk what the manifest says of the disk
     * @param layer which of its layers this is
     * @param file where to write
     * @param backing the image on this host that the layer is based on, or null if none
     * @throws VmmigException with {@link io.vmmig.error.Problem#IMAGE_MALFORMED} or {@link io.vmmig.error.Problem#DISK_UNSUPPORTED} if the
     *     layer does not match the manifest, or cannot be trusted
     * @throws IOException if reading or writing fails, or the file is not there
     */
    public static void fillLayer(InputStream in, Manifest.Disk disk, int layer, Path file, @Nullable Path backing)
            throws IOException, VmmigException {
        Qcow2Header.Backing expected = PackageNames.expected(disk, layer);
        if ((expected == null) != (backing == null)) {
            throw new IllegalArgumentException("a backing file is for a layer that has one");
        }
        Manifest.Layer described = disk.layers().get(layer);
        try (NewFile out = NewFile.over(file)) {
            if (described.format() == ImageFormat.RAW) {
                writeRaw(in, described, out, new ImageProblems(named(disk, layer)), backing);
            } else {
                writeQcow2(in, described, out, named(disk, layer), expected, backing);
            }
            out.finish();
        }
    }

    private static String named(Manifest.Disk disk, int layer) {
        return "layer " + layer + " of disk " + disk.target();
    }

    private static Qcow2Header.@Nullable Backing local(Qcow2Header.@Nullable Backing expected, @Nullable Path backing) {
        return expected == null || backing == null
                ? null
                : new Qcow2Header.Backing(backing.toAbsolutePath().toString(), expected.format());
    }

    private static void writeRaw(
            InputStream in, Manifest.Layer layer, NewFile out, ImageProblems problems, @Nullable Path backing)
            throws IOException, VmmigException {
        if (backing != null) {
            throw problems.malformed("is raw, so it cannot have a backing file");
        }
        long bytes = out.append(in, layer.virtualBytes(), null);
        if (bytes < layer.virtualBytes() || in.read() >= 0) {
            throw problems.malformed("is not of the size that the manifest says");
        }
    }

    private static void writeQcow2(
            InputStream in,
            Manifest.Layer layer,
            NewFile out,
            String called,
            Qcow2Header.@Nullable Backing expected,
            @Nullable Path backing)
            throws IOException, VmmigException {
        ImageProblems problems = new ImageProblems(called);
        Qcow2Header header = Qcow2Header.read(in, called);
        if (!Objects.equals(header.backing(), expected)) {
            throw problems.malformed(
                    "stands on " + words(header.backing()) + ", and by the manifest on " + words(expected));
        }
        if (header.virtualBytes() != layer.virtualBytes()) {
            throw problems.malformed("is not of the virtual size that the manifest says");
        }
        Qcow2Header.Backing local = local(expected, backing);
        header.requireNoSnapshots();
        // Throws early if the name does not fit.
        header.withBacking(local);
        // The header is written last: until then the file is not an image.
        out.skip(header.clusterBytes());
        out.append(in, Long.MAX_VALUE, null);
        out.writeFirst(header.rewritten(local, TableRewriter.rewrite(out, header, problems)));
    }

    private static String words(Qcow2Header.@Nullable Backing backing) {
        return backing == null
                ? "nothing"
                : Malformed.quoted(backing.name()) + " (" + Malformed.quoted(String.valueOf(backing.format())) + ")";
    }
}
