// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageWriter;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.FileHoles;
import io.vmmig.sparse.SparseFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;

/**
 * The round that travels while the guest runs: its kernel, its ramdisk and the base images that go along, as far as the destination lacks
 * them.
 */
final class Baseline implements Round {
    private final Agreement agreement;
    private final FileHoles holes;
    private final Recorder recorder;

    Baseline(Agreement agreement, FileHoles holes, Recorder recorder) {
        this.agreement = agreement;
        this.holes = holes;
        this.recorder = recorder;
    }

    @Override
    public void send(PackageWriter writer) throws IOException, VmmigException {
        Manifest manifest = agreement.manifest();
        if (agreement.travels(manifest.kernel())) {
            try (InputStream in = open(agreement.departure().domain().kernel().orElseThrow())) {
                writer.writeKernel(in);
            }
        }
        if (agreement.travels(manifest.ramdisk())) {
            try (InputStream in = open(agreement.departure().domain().ramdisk().orElseThrow())) {
                writer.writeRamdisk(in);
            }
        }
        for (Manifest.Base base : manifest.includedBases()) {
            if (agreement.travels(base.content())) {
                try (InputStream in = open(agreement.departure().fileOf(base))) {
                    writer.writeBaseImage(base, in);
                }
            }
        }
    }

    private InputStream open(Path file) throws IOException {
        return new CountingInput(SparseFile.open(file, holes), recorder::moved);
    }
}
