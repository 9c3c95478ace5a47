// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stages;

import io.vmmig.bundle.ImageFormat;
import io.vmmig.bundle.Manifest;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.FileHoles;
import io.vmmig.qcow2.DiskChain;
import io.vmmig.qcow2.ImageFiles;
import io.vmmig.qcow2.Qcow2Image;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Disk images whose files are in the page cache. */
public class Qcow2Benchmark extends StageBenchmark {
    private static final int PIECE = 1 << 16;

    /** Reads the guest's view. */
    @Benchmark
    @OperationsPerInvocation(MemorySegments.MIB)
    public byte readAsGuest(Content content) throws IOException {
        return content.readSegment();
    }

    /** Reads a layer as it is written to a package, with another header. */
    @Benchmark
    @OperationsPerInvocation(DiskSample.MIB)
    public long pack() throws IOException, VmmigException {
        try (InputStream in = chain().open(0, null, FileHoles.NONE)) {
            return in.transferTo(OutputStream.nullOutputStream());
        }
    }

    /** Writes a layer from a package: checks tables, rebuilds reference counts, and syncs it to the disk. */
    @Benchmark
    @OperationsPerInvocation(DiskSample.MIB)
    public void unpack(Packed packed) throws IOException, VmmigException {
        Files.createFile(packed.target);
        ImageFiles.fillLayer(new ByteArrayInputStream(packed.bytes), packed.disk(), 0, packed.target, null);
    }

    private static Path file() {
        return Path.of(System.getProperty(DiskSample.PROPERTY));
    }

    private static DiskChain chain() throws VmmigException {
        return DiskChain.read(file(), ImageFormat.QCOW2, false);
    }

    /** The guest's view of the image. */
    @State(Scope.Benchmark)
    public static class Content {
        private final byte[] segment = new byte[MemorySegments.BYTES];
        private @Nullable Qcow2Image image;
        private long position;

        /** Opens it. */
        @Setup
        public void open() throws IOException, VmmigException {
            image = Qcow2Image.open(file());
        }

        private byte readSegment() throws IOException {
            if (image == null) {
                throw new IllegalStateException("before the setup");
            }
            for (int at = 0; at < segment.length; at += PIECE) {
                position = image.nextData(position);
                if (position >= image.virtualBytes()) {
                    position = image.nextData(0);
                }
                image.read(position, segment, at, PIECE);
                position += PIECE;
            }
            return segment[segment.length - 1];
        }

        /** Closes it. */
        @TearDown
        public void close() throws IOException {
            if (image != null) {
                image.close();
            }
        }
    }

    /** The image as stored in a package. */
    @State(Scope.Benchmark)
    public static class Packed {
        private final Path target = file().resolveSibling("unpacked");
        private byte[] bytes = new byte[0];
        private Manifest.@Nullable Disk disk;

        /** Packs it. */
        @Setup
        public void pack() throws IOException, VmmigException {
            DiskChain chain = chain();
            DiskChain.Image image = chain.layers().get(0);
            disk = new Manifest.Disk(
                    "vda", List.of(new Manifest.Layer(image.format(), image.virtualBytes(), image.fileBytes())), null);
            try (InputStream in = chain.open(0, null, FileHoles.NONE)) {
                bytes = in.readAllBytes();
            }
            // An aborted run may have left it.
            remove();
        }

        private Manifest.Disk disk() {
            if (disk == null) {
                throw new IllegalStateException("before the setup");
            }
            return disk;
        }

        /** Cleans up for the next call; not measured. */
        @TearDown(Level.Invocation)
        public void remove() throws IOException {
            Files.deleteIfExists(target);
        }
    }
}
