// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.GuestRecord;
import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageSummary;
import io.vmmig.bundle.PackageWriter;
import io.vmmig.content.Digest;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.FileHoles;
import io.vmmig.qcow2.DiskChain;
import io.vmmig.sparse.SparseFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Sends rounds of contents in one package. Independent of the hand-over. For one thread, except {@link #close}. */
record SourceTransfer(PackageWriter writer) {
    /** Sends a round. Its end may still be on its way when this returns, so that the next round overlaps with it. */
    void send(Round round) throws VmmigException {
        try {
            round.send(writer);
        } catch (IOException e) {
            throw VmmigException.from(
                    e,
                    Problem.FILE_FAILED,
                    "could not write the package",
                    "Check the files of the guest and try again.");
        }
    }

    /** Completes the package; without its end, the destination trusts nothing in it. */
    PackageSummary complete(PackageWriter.Signer signer) throws VmmigException {
        return writer.finish(signer);
    }

    /** Stops, and frees all memory; from any thread. */
    void close() {
        writer.close();
    }

    /**
     * Contents that are sent together. Every round but the last is sent while the guest runs; the last one while it is paused. A round
     * writes its entries and nothing else: it never pauses or resumes the guest, and does not decide whether it moves.
     */
    interface Round {
        void send(PackageWriter writer) throws IOException, VmmigException;
    }

    /** What a guest boots from, sent while it runs: kernel, ramdisk and included base images that the destination lacks. */
    record BootFiles(Agreement agreement, FileHoles holes, Recorder recorder) implements Round {
        @Override
        public void send(PackageWriter writer) throws IOException, VmmigException {
            Manifest manifest = agreement.manifest();
            if (agreement.travels(manifest.kernel())) {
                try (InputStream in =
                        open(agreement.departure().domain().kernel().orElseThrow())) {
                    writer.writeKernel(in);
                }
            }
            if (agreement.travels(manifest.ramdisk())) {
                try (InputStream in =
                        open(agreement.departure().domain().ramdisk().orElseThrow())) {
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
            // The destination is ready only once it has all of this.
            writer.flush();
        }

        private InputStream open(Path file) throws IOException {
            return new CountingInput(SparseFile.open(file, holes), recorder::moved);
        }
    }

    /**
     * The saved guest, without disks and memory.
     *
     * @param xml its live XML
     * @param cookie libvirt's cookie, or null
     * @param definition the XML for its next start, or null if that is the live XML
     * @param record what is known of it besides its XML
     */
    record Domain(String xml, @Nullable String cookie, @Nullable String definition, GuestRecord record)
            implements Round {
        @Override
        public void send(PackageWriter writer) throws VmmigException {
            writer.writeDomain(xml, cookie, definition, record);
        }
    }

    /** Memory of the running guest, in a live migration. */
    record Precopy(InputStream stream) implements Round {
        @Override
        public void send(PackageWriter writer) throws IOException, VmmigException {
            writer.writePrecopy(stream);
        }
    }

    /**
     * The guest's disk layers, which no longer change once it is paused, or those that do not change since an overlay lies on them.
     *
     * @param frozen whether it is the latter, which a live migration sends first
     */
    record Disks(Agreement agreement, FileHoles holes, Recorder recorder, boolean frozen) implements Round {
        Disks(Agreement agreement, FileHoles holes, Recorder recorder) {
            this(agreement, holes, recorder, false);
        }

        @Override
        public void send(PackageWriter writer) throws IOException, VmmigException {
            for (Map.Entry<String, DiskChain> disk :
                    agreement.departure().chains().entrySet()) {
                DiskChain chain = disk.getValue();
                Manifest.Disk described = agreement.manifest().disk(disk.getKey());
                Digest base = described.base() == null
                        ? null
                        : described.base().content().digest();
                for (int i = 0; i < chain.layers().size(); i++) {
                    if (agreement.manifest().sentFrozen(described, i) == frozen) {
                        try (InputStream in = new CountingInput(chain.open(i, base, holes), recorder::moved)) {
                            writer.writeDiskLayer(disk.getKey(), i, in);
                        }
                    }
                }
            }
        }
    }

    /** Memory and device state of the paused guest, where QEMU blocks until they are read, or the memory of a running one. */
    record Memory(InputStream stream) implements Round {
        @Override
        public void send(PackageWriter writer) throws IOException, VmmigException {
            try (stream) {
                writer.writeSnapshot(stream);
            }
        }
    }
}
