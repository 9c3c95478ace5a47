// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import io.vmmig.bundle.ImageFormat;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Dirty bitmaps in images, from which incremental backups start, and which do not move. QEMU writes those of a running guest when it
 * releases the image, so some may not be visible before.
 */
public final class DirtyBitmaps {
    private DirtyBitmaps() {}

    /** The images of a disk that are sent and hold dirty bitmaps. */
    public static List<Path> in(DiskChain chain) throws VmmigException {
        List<Path> images = new ArrayList<>();
        for (DiskChain.Image image : chain.layers()) {
            if (image.format() == ImageFormat.QCOW2 && in(image.path())) {
                images.add(image.path());
            }
        }
        return images;
    }

    private static boolean in(Path image) throws VmmigException {
        try (InputStream in = Files.newInputStream(image)) {
            return Qcow2Header.read(in, ChainReader.called(image)).hasBitmaps();
        } catch (IOException e) {
            throw VmmigException.from(
                    e, Problem.FILE_FAILED, ChainReader.called(image) + " could not be read", "Check the file.");
        }
    }
}
