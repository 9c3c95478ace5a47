// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import io.vmmig.bundle.ImageFormat;
import io.vmmig.content.Digest;
import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.FileHoles;
import io.vmmig.sparse.SparseFile;
import io.vmmig.sparse.SparseInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The images of one local disk: as a hypervisor uses them, if that is known, otherwise by their headers. Immutable. */
public final class DiskChain {
    private final @Nullable Link base;
    private final List<Link> layers;

    /**
     * An image of a chain.
     *
     * @param path where it is, absolute
     * @param format its format
     * @param virtualBytes the size that a guest sees, in bytes
     * @param fileBytes the size of the file, in bytes
     */
    public record Image(Path path, ImageFormat format, long virtualBytes, long fileBytes) {}

    /**
     * An image as a hypervisor uses it.
     *
     * @param path where it is
     * @param format the format as which it is read
     */
    public record Used(Path path, ImageFormat format) {}

    /**
     * An image, and the backing file in its header, which need not be the one in use.
     *
     * @param image the image
     * @param backing the backing file in its header, or null
     * @param hasSnapshots whether it has internal snapshots
     */
    record Link(Image image, Qcow2Header.@Nullable Backing backing, boolean hasSnapshots) {}

    private DiskChain(@Nullable Link base, List<Link> layers) {
        this.base = base;
        this.layers = layers;
    }

    /**
     * Follows the backing files of a disk, which a guest may be using.
     *
     * @param top the disk's image
     * @param format its format, from the domain XML: formats are never guessed
     * @param readOnly whether the guest cannot write to it
     * @throws VmmigException with {@link Problem#DISK_UNSUPPORTED} for an image that cannot move, {@link Problem#IMAGE_MALFORMED} for a
     *     malformed one, {@link Problem#FILE_FAILED} for one that cannot be read
     */
    public static DiskChain read(Path top, ImageFormat format, boolean readOnly) throws VmmigException {
        return read(List.of(new Used(top, format)), false, readOnly);
    }

    /**
     * The chain of a disk as a hypervisor uses it, even if headers differ.
     *
     * @param used the disk's image first, then those below it
     * @param complete whether these are all images; otherwise the header of the last one names the one below it
     * @param readOnly whether the guest cannot write to it
     * @throws VmmigException as {@link #read(Path, ImageFormat, boolean)}
     */
    public static DiskChain read(List<Used> used, boolean complete, boolean readOnly) throws VmmigException {
        List<Link> lowestFirst = new ChainReader().follow(used, complete);
        // An image whose header names an unused backing file must be sent: another host would read it differently.
        boolean hasBase =
                (lowestFirst.size() > 1 || readOnly) && lowestFirst.get(0).backing() == null;
        List<Link> layers = List.copyOf(lowestFirst.subList(hasBase ? 1 : 0, lowestFirst.size()));
        for (Link layer : layers) {
            if (layer.hasSnapshots()) {
                throw Qcow2Header.hasSnapshots(
                        new ImageProblems(ChainReader.called(layer.image().path())));
            }
        }
        return new DiskChain(hasBase ? lowestFirst.get(0) : null, layers);
    }

    /** The same images, all of which are sent: an overlay was put on a disk of a single image. */
    public DiskChain wholly() {
        List<Link> all = new ArrayList<>(layers);
        if (base != null) {
            all.add(0, base);
        }
        return new DiskChain(null, List.copyOf(all));
    }

    /** The images to send, lowest first. */
    public List<Image> layers() {
        return layers.stream().map(Link::image).toList();
    }

    /** The base image below the layers, or null. A disk of a single image has none and is sent whole, unless it is read-only. */
    public @Nullable Image base() {
        return base == null ? null : base.image();
    }

    /**
     * The layers with dirty bitmaps, from which incremental backups start, and which do not move. QEMU writes those of a running guest when
     * it releases the image, so some may not be visible before.
     */
    public List<Path> dirtyBitmaps() throws VmmigException {
        List<Path> images = new ArrayList<>();
        for (Image image : layers()) {
            String called = ChainReader.called(image.path());
            if (image.format() == ImageFormat.QCOW2) {
                try (InputStream in = Files.newInputStream(image.path())) {
                    if (Qcow2Header.read(in, called).hasBitmaps()) {
                        images.add(image.path());
                    }
                } catch (IOException e) {
                    throw VmmigException.from(e, Problem.FILE_FAILED, called + " could not be read", "Check the file.");
                }
            }
        }
        return images;
    }

    /**
     * The bytes of a layer's file; the caller closes the stream. The backing file's name in the header is replaced by its name in the
     * package, which QEMU refuses to open.
     *
     * @param layer which of {@link #layers()}
     * @param baseDigest the digest of {@link #base()}; null if there is none
     * @param holes the holes of the file, which are not read
     * @throws HypervisorException with {@link Problem#GUEST_BUSY} if the image has been replaced since it was first read
     * @throws VmmigException also as {@link #read} does
     * @throws IOException if the file cannot be read
     */
    public SparseInputStream open(int layer, @Nullable Digest baseDigest, FileHoles holes)
            throws IOException, VmmigException {
        if ((base == null) != (baseDigest == null)) {
            throw new IllegalArgumentException("a digest belongs to a base image");
        }
        Link link = layers.get(layer);
        SparseFile in = SparseFile.open(link.image().path(), holes);
        try {
            return switch (link.image().format()) {
                case RAW -> rawContent(link, in);
                case QCOW2 -> qcow2Content(link, in, backingInPackage(layer, baseDigest));
            };
        } catch (IOException | VmmigException | RuntimeException | Error e) {
            in.close();
            throw e;
        }
    }

    private Qcow2Header.@Nullable Backing backingInPackage(int layer, @Nullable Digest baseDigest) {
        Link below = layer > 0 ? layers.get(layer - 1) : base;
        return below == null ? null : PackageNames.of(layer, below.image().format(), baseDigest);
    }

    private static SparseInputStream rawContent(Link link, SparseFile in) throws IOException, VmmigException {
        if (Files.size(link.image().path()) != link.image().virtualBytes()) {
            throw changed(link);
        }
        return in;
    }

    private static SparseInputStream qcow2Content(Link link, SparseFile in, Qcow2Header.@Nullable Backing backing)
            throws IOException, VmmigException {
        Qcow2Header header =
                Qcow2Header.read(in, ChainReader.called(link.image().path()));
        if (header.virtualBytes() != link.image().virtualBytes() || !Objects.equals(header.backing(), link.backing())) {
            throw changed(link);
        }
        header.requireNoSnapshots();
        return SparseInputStream.of(header.withBacking(backing), in);
    }

    private static HypervisorException changed(Link link) {
        return new HypervisorException(
                Problem.GUEST_BUSY,
                "disk image " + link.image().path() + " was resized or put on another backing file meanwhile",
                "Wait until block jobs and snapshots are done, then try again.");
    }
}
