// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench;

import io.vmmig.bundle.Manifest;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/** A package that contains only memory. */
public final class MeasuredMemory {
    private MeasuredMemory() {}

    /** The manifest of a guest with this much memory, which has no disks. */
    public static Manifest manifest(long memoryBytes) {
        return new Manifest(
                Manifest.FORMAT_VERSION,
                UUID.randomUUID(),
                "measured",
                UUID.randomUUID(),
                "x86_64",
                "pc-q35-7.2",
                "qemu",
                null,
                memoryBytes,
                1,
                true,
                false,
                "7.2.0",
                "9.0.0",
                "bench",
                Instant.now(),
                null,
                null,
                List.of(),
                List.of());
    }
}
