// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.bundle.ImageFormat;
import io.vmmig.bundle.Manifest;
import io.vmmig.content.Digest;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.FileHoles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Takes a disk through what the two pipelines do with it, but for the package in between. */
final class Move {
    private Move() {}

    /** Moves a disk into {@code destination}, where its base image already is under the name {@code base}. */
    static Path of(Path top, ImageFormat format, Path destination) throws Exception {
        return of(top, format, destination, false);
    }

    /** As if the destination had made empty images before; {@code check} looks at the top one. */
    static Path ofReserved(Path top, ImageFormat format, Path destination, Check check) throws Exception {
        Manifest.Disk disk = describe(DiskChain.read(top, format, false));
        Path below = disk.base() == null ? null : destination.resolve("base");
        if (below != null) {
            Files.copy(DiskChain.read(top, format, false).base().path(), below);
        }
        for (int i = 0; i < disk.layers().size(); i++) {
            Path file = destination.resolve("layer" + i);
            assertThat(ImageFiles.canReserve(disk.layers().get(i))).isTrue();
            Files.createFile(file);
            ImageFiles.reserveLayer(disk, i, file, below);
            below = file;
        }
        check.look(below);
        Files.deleteIfExists(destination.resolve("base"));
        return of(top, format, destination, true);
    }

    /** Looks at an image. */
    interface Check {
        void look(Path image) throws Exception;
    }

    private static Path of(Path top, ImageFormat format, Path destination, boolean reserved) throws Exception {
        DiskChain chain = DiskChain.read(top, format, false);
        Manifest.Disk disk = describe(chain);
        Path below = null;
        Digest baseDigest = null;
        if (disk.base() != null) {
            baseDigest = disk.base().content().digest();
            below = destination.resolve("base");
            Files.copy(chain.base().path(), below);
        }
        for (int i = 0; i < disk.layers().size(); i++) {
            Path file = destination.resolve("layer" + i);
            try (InputStream in = chain.open(i, baseDigest, FileHoles.NONE)) {
                assertThat(Files.exists(file)).isEqualTo(reserved);
                writeLayer(in, disk, i, file, below);
            }
            below = file;
        }
        return below;
    }

    /** Writes a layer, to a new file unless it exists. */
    static void writeLayer(InputStream in, Manifest.Disk disk, int layer, Path file, @Nullable Path backing)
            throws IOException, VmmigException {
        if (!Files.exists(file)) {
            Files.createFile(file);
        }
        ImageFiles.fillLayer(in, disk, layer, file, backing);
    }

    /** A layer was refused, so that nobody can take its file for an image. */
    static void requireNoImage(Path file) throws IOException {
        byte[] start = Arrays.copyOf(Files.readAllBytes(file), Integer.BYTES);
        assertThat(ByteBuffer.wrap(start).getInt()).isNotEqualTo(Qcow2Header.MAGIC);
    }

    static Manifest.Disk describe(DiskChain chain) throws Exception {
        List<Manifest.Layer> layers = new ArrayList<>();
        for (DiskChain.Image layer : chain.layers()) {
            layers.add(new Manifest.Layer(layer.format(), layer.virtualBytes(), layer.fileBytes()));
        }
        DiskChain.@Nullable Image base = chain.base();
        return new Manifest.Disk(
                "vda",
                layers,
                base == null
                        ? null
                        : new Manifest.Base(
                                new Manifest.Content(digestOf(base.path()), Files.size(base.path())), base.format()));
    }

    static Digest digestOf(Path file) throws Exception {
        return Digest.of(Files.readAllBytes(file));
    }
}
