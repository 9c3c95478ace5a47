// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.Level;
import io.vmmig.VmmigException;
import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageLimits;
import io.vmmig.bundle.PackageReader;
import io.vmmig.bundle.PackageWriter;
import io.vmmig.qemu.RamScanner;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets the JVM compile the codec before the first guest stands still: until it has, a digest alone runs at a tenth of its speed,
 * and the downtime of the first guest would mostly be that of the compiler. It packs made-up memory, or unpacks it, while the
 * guest runs, once in a JVM.
 */
enum CodecWarmUp {
    /** Of who sends. */
    WRITING,
    /** Of who receives. */
    READING;

    private static final Logger LOG = LoggerFactory.getLogger(CodecWarmUp.class);
    private static final Duration ENOUGH = Duration.ofMillis(700);
    private static final Duration LONGEST = Duration.ofSeconds(3);
    private static final int PAGES = 2048;
    private static final int LINE_BYTES = 64;

    private final AtomicBoolean begun = new AtomicBoolean();
    private final CompletableFuture<Void> done = new CompletableFuture<>();

    /** Begins in the background, unless it has been done. */
    void begin() {
        if (begun.compareAndSet(false, true)) {
            Thread thread = new Thread(this::run, "vmmig-warm-up-" + name().toLowerCase(Locale.ROOT));
            thread.setDaemon(true);
            thread.start();
        }
    }

    /** Waits until it is over, but not for long: nothing depends on it but time. */
    void await(Cancellation cancellation) throws VmmigException {
        cancellation.await(done.copy().completeOnTimeout(null, LONGEST.toMillis(), TimeUnit.MILLISECONDS));
    }

    private void run() {
        try {
            byte[] memory = memory();
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
        } catch (IOException | VmmigException | RuntimeException e) {
            LOG.warn("the codec could not be warmed up, so the first guest will stand still for longer", e);
        } finally {
            done.complete(null);
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

    /** As QEMU would write it, with pages of all kinds. */
    static byte[] memory() {
        ByteBuffer stream = ByteBuffer.allocate(PAGES * (RamScanner.PAGE_BYTES + Long.BYTES) + 256);
        byte[] name = "pc.ram".getBytes(StandardCharsets.US_ASCII);
        stream.putInt(0x5145564d).putInt(3);
        stream.put((byte) 1).putInt(2).putInt(0x0372616d).putInt(0).putInt(4);
        stream.putLong((long) PAGES * RamScanner.PAGE_BYTES | 4);
        stream.put((byte) name.length).put(name).putLong((long) PAGES * RamScanner.PAGE_BYTES);
        stream.putLong(0x10).put((byte) 0x7e).putInt(2);
        stream.put((byte) 3).putInt(2);
        Random random = new Random(1);
        byte[] page = new byte[RamScanner.PAGE_BYTES];
        for (long i = 0; i < PAGES; i++) {
            int kind = random.nextInt(8);
            boolean filled = kind == 0;
            long flags = (i == 0 ? 0 : RamScanner.CONTINUE) | (filled ? RamScanner.ZERO : RamScanner.PAGE);
            stream.putLong(i * RamScanner.PAGE_BYTES | flags);
            if (i == 0) {
                stream.put((byte) name.length).put(name);
            }
            if (filled) {
                stream.put((byte) 0);
                continue;
            }
            if (kind > 1) {
                random.nextBytes(page);
            }
            if (kind > 3) {
                for (int at = 0; at < page.length; at += LINE_BYTES) {
                    System.arraycopy(page, 0, page, at + LINE_BYTES / 2, LINE_BYTES / 2);
                }
            }
            stream.put(page);
        }
        stream.putLong(0x10).put((byte) 0x7e).putInt(2).put((byte) 0);
        return Arrays.copyOf(stream.array(), stream.position());
    }

    private static Manifest manifest(long memoryBytes) {
        return new Manifest(
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
