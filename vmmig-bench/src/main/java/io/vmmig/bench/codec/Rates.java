// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.codec;

import io.vmmig.bench.MeasuredMemory;
import io.vmmig.bench.Medians;
import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageLimits;
import io.vmmig.bundle.PackageReader;
import io.vmmig.bundle.PackageSummary;
import io.vmmig.bundle.PackageSummary.PageKind;
import io.vmmig.bundle.PackageWriter;
import io.vmmig.content.Level;
import io.vmmig.error.VmmigException;
import io.vmmig.page.PageSource;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The rates of writing and reading a package of one stream.
 *
 * @param encoded millions of bytes of non-constant pages written per second
 * @param decoded the same for reading
 * @param size the package's size as a fraction of the stream's
 * @param referenced how many of these pages were found in references, 1 being all
 */
record Rates(double encoded, double decoded, double size, double referenced) {
    private static final int PAGE_BYTES = 4096;
    private static final long WARM_UP_NANOS = 8_000_000_000L;
    private static final long ENOUGH_NANOS = 6_000_000_000L;
    private static final int LEAST_ROUNDS = 3;

    /** Work that can be repeated. */
    private interface Work {
        void run() throws IOException, VmmigException;
    }

    static Rates measure(byte[] stream, Level level, List<Manifest.Reference> references, List<PageSource> pages)
            throws IOException, VmmigException {
        Manifest manifest = MeasuredMemory.manifest(stream.length).withReferences(references);
        ByteArrayOutputStream written = new ByteArrayOutputStream(stream.length);
        PackageSummary summary = write(stream, manifest, pages, level, written);
        byte[] bytes = written.toByteArray();
        read(bytes, pages, stream.length);
        double megabytes = pages(summary, false) * PAGE_BYTES / 1e6;
        double encodeSeconds = seconds(() -> write(stream, manifest, pages, level, OutputStream.nullOutputStream()));
        double decodeSeconds = seconds(() -> read(bytes, pages, stream.length));
        return new Rates(
                megabytes / encodeSeconds,
                megabytes / decodeSeconds,
                bytes.length / (double) stream.length,
                pages(summary, true) / (double) pages(summary, false));
    }

    private static double seconds(Work work) throws IOException, VmmigException {
        for (long start = System.nanoTime(); System.nanoTime() - start < WARM_UP_NANOS; ) {
            work.run();
        }
        List<Double> rounds = new ArrayList<>();
        long begun = System.nanoTime();
        while (rounds.size() < LEAST_ROUNDS || System.nanoTime() - begun < ENOUGH_NANOS) {
            long start = System.nanoTime();
            work.run();
            rounds.add((System.nanoTime() - start) / 1e9);
        }
        return Medians.of(rounds, round -> round);
    }

    private static long pages(PackageSummary summary, boolean referenced) {
        return summary.pages().stream()
                .filter(count -> count.kind() != PageKind.FILLED)
                .filter(count -> !referenced || count.kind() == PageKind.REFERENCE)
                .mapToLong(PackageSummary.PageCount::pages)
                .sum();
    }

    private static PackageSummary write(
            byte[] stream, Manifest manifest, List<PageSource> references, Level level, OutputStream out)
            throws VmmigException {
        try (PackageWriter writer = PackageWriter.to(out, manifest, references, level)) {
            writer.writeDomain("<domain/>", null);
            writer.writeSnapshot(new ByteArrayInputStream(stream));
            return writer.finish();
        }
    }

    private static void read(byte[] bytes, List<PageSource> references, int expected)
            throws IOException, VmmigException {
        long received = 0;
        try (PackageReader reader =
                PackageReader.from(new ByteArrayInputStream(bytes), PackageLimits.DEFAULT, manifest -> references)) {
            for (PackageReader.Entry entry = reader.next(); entry != null; entry = reader.next()) {
                if (entry instanceof PackageReader.Entry.Snapshot snapshot) {
                    received = drain(snapshot.stream());
                }
            }
            reader.verify();
        }
        if (received != expected) {
            throw new IOException("of " + expected + " bytes came " + received);
        }
    }

    private static long drain(InputStream in) throws IOException {
        byte[] buffer = new byte[1 << 18];
        long bytes = 0;
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
            bytes += n;
        }
        return bytes;
    }

    /** The rates as a line of a table. */
    String line(String what) {
        return String.format(
                Locale.ROOT,
                "  %-30s encode %5.0f MB/s  decode %5.0f MB/s  size %.3f  referenced %.2f",
                what,
                encoded,
                decoded,
                size,
                referenced);
    }
}
