// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.testing;

import io.vmmig.bundle.ImageFormat;
import io.vmmig.bundle.Manifest;
import io.vmmig.content.Digest;
import io.vmmig.error.Failure;
import io.vmmig.error.Problem;
import io.vmmig.transport.Offer;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/** Things to send. */
public final class Samples {
    public static final String XML = "<domain type='qemu'><name>web-1</name><title>ä 漢</title></domain>";

    private Samples() {}

    public static Manifest manifest() {
        return manifest(512L << 20, 64L << 20);
    }

    public static Manifest manifest(long memoryBytes, long layerBytes) {
        return new Manifest(
                Manifest.FORMAT_VERSION,
                UUID.fromString("00000000-0000-0000-0000-000000000001"),
                "web-1",
                UUID.fromString("00000000-0000-0000-0000-000000000002"),
                "x86_64",
                "pc-q35-7.2",
                "qemu",
                null,
                memoryBytes,
                2,
                true,
                true,
                "7.2.0",
                "9.0.0",
                "node1",
                Instant.parse("2026-01-02T03:04:05Z"),
                new Manifest.Content(new Digest("a".repeat(64)), 1234),
                null,
                List.of(new Manifest.Disk(
                        "vda",
                        List.of(new Manifest.Layer(ImageFormat.QCOW2, 10L << 30, layerBytes)),
                        new Manifest.Base(
                                new Manifest.Content(new Digest("b".repeat(64)), 1L << 30), ImageFormat.QCOW2))),
                List.of());
    }

    public static Offer offer() {
        return new Offer(manifest(), XML);
    }

    public static Failure failure(Problem problem) {
        return Failure.of(problem, "because of " + problem, "do something")
                .during("web-1", io.vmmig.error.Phase.RESTORE);
    }
}
