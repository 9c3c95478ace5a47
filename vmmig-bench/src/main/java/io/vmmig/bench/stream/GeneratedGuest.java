// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stream;

import io.vmmig.testkit.GeneratedStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** The size of a generated guest. */
final class GeneratedGuest {
    private static final long SAMPLE_BYTES = 256L << 20;
    private static final double MARGIN = 1.05;

    private GeneratedGuest() {}

    /** The memory of a guest whose stream has at least that many bytes. */
    static long memoryFor(long streamBytes, long seed) throws IOException {
        long sample;
        try (InputStream stream = GeneratedStream.of(SAMPLE_BYTES, seed)) {
            sample = stream.transferTo(OutputStream.nullOutputStream());
        }
        long pages = (long) (MARGIN * streamBytes / sample * SAMPLE_BYTES / GeneratedStream.PAGE);
        return pages * GeneratedStream.PAGE;
    }
}
