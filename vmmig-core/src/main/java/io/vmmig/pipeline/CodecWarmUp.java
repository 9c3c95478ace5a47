// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageLimits;
import io.vmmig.bundle.PackageReader;
import io.vmmig.bundle.PackageWriter;
import io.vmmig.content.Level;
import io.vmmig.error.VmmigException;
import io.vmmig.qemu.SampleMemory;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets the JVM compile the codec before the first guest is paused. Until then, even a digest runs at a tenth of its speed, and compilation
 * would dominate the first guest's downtime. Packs or unpacks synthetic memory while the guest runs, once per JVM.
 */
enum CodecWarmUp {
    /** For the source. */
    WRITING,
    /** For the destination. */
    READING;

    private static final Logger LOG = LoggerFactory.getLogger(CodecWarmUp.class);
    private static final Duration ENOUGH = Duration.ofMillis(700);
    private static final Duration LONGEST = Duration.ofSeconds(3);
    private static final int PAGES = 2048;

    private final AtomicBoolean begun = new AtomicBoolean();
    private final CompletableFuture<Void> done = new CompletableFuture<>();

    /** Starts in the background, unless it has run before. */
    void begin() {
        if (begun.compareAndSet(false, true)) {
            Thread thread = new Thread(this::run, "vmmig-warm-up-" + name().toLowerCase(Locale.ROOT));
            thread.setDaemon(true);
            thread.start();
        }
    }

    /** Waits for the end, with a bound, since only speed depends on it. */
    void await(Cancellation cancellation) throws VmmigException {
        cancellation.await(done.copy().completeOnTimeout(null, LONGEST.toMillis(), TimeUnit.MILLISECONDS));
    }

    private void run() {
        try {
            warmUp();
        } catch (IOException | VmmigException | RuntimeException e) {
            LOG.warn("the codec could not be warmed up, so the first guest will be paused for longer", e);
        } finally {
            done.complete(null);
        }
    }

    void warmUp() throws IOException, VmmigException {
        byte[] memory = SampleMemory.stream(PAGES);
        ByteArrayOutputStream written = new ByteArrayOutputStream(memory.length);
        write(memory, written);
        byte[] bytes = written.toByteArray();
        for (long start = System.nanoTime(); System.nanoTime() - start < ENOUGH.toNanos(); ) {
            if (this == WRITING) {
                write(memory, OutputStream.nullOutputStream());
            } else {
                read(bytes);
            }
        }
    }

    static void write(byte[] memory, OutputStream out) throws VmmigException {
        try (PackageWriter writer = PackageWriter.to(out, manifest(memory.length), List.of(), Level.BALANCED)) {
            writer.writeDomain("<domain/>", null);
            writer.writeSnapshot(new ByteArrayInputStream(memory));
            writer.finish();
        }
    }

    static void read(byte[] bytes) throws IOException, VmmigException {
        try (PackageReader reader = PackageReader.from(new ByteArrayInputStream(bytes), PackageLimits.DEFAULT)) {
            for (PackageReader.Entry entry = reader.next(); entry != null; entry = reader.next()) {
                if (entry instanceof PackageReader.Entry.Snapshot snapshot) {
                    snapshot.stream().transferTo(OutputStream.nullOutputStream());
                }
            }
            reader.verify();
        }
    }

    static Manifest manifest(long memoryBytes) {
        return new Manifest(
                Manifest.FORMAT_VERSION,
                UUID.randomUUID(),
                "made-up",
                UUID.randomUUID(),
                "x86_64",
                "none",
                "qemu",
                null,
                memoryBytes,
                1,
                true,
                false,
                "0",
                "0",
                "here",
                Instant.now(),
                null,
                null,
                List.of(),
                List.of());
    }
}
