// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stream;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.vmmig.bench.Bench;
import io.vmmig.bench.Figure;
import io.vmmig.bench.Medians;
import io.vmmig.bench.Options;
import io.vmmig.bench.Outcome;
import io.vmmig.error.VmmigException;
import io.vmmig.testkit.GeneratedStream;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Packs and unpacks a stream that is far larger than the heap, and compares output and input. */
public final class StreamBench {
    private static final long GIB = 1L << 30;
    private static final double LEAST_RATE_AT_THE_END = 0.8;
    /** Fewer parts would show no trend. */
    private static final int TREND_PARTS = 8;

    private final PrintStream out;
    private final List<Double> secondsPerGib = new ArrayList<>();
    private long markBytes;
    private long markNanos;

    private StreamBench(PrintStream out) {
        this.out = out;
    }

    /**
     * Takes {@code --gib}, {@code --seed} and at the end the directory for the results. Exits with 1 if a target is missed, and
     * with 2 if nothing could be measured.
     */
    public static void main(String[] args) {
        Bench.run(args, (words, out, directory) -> {
            Options options = new Options(words);
            long gib = options.number("gib", 1, 64);
            long seed = options.number("seed", 0, 1);
            options.requireNoMore();
            return new StreamBench(out).run(gib, seed).conclude(out, directory.resolve("stream.json"));
        });
    }

    private Outcome run(long gib, long seed) throws IOException, VmmigException {
        long memoryBytes = GeneratedGuest.memoryFor(gib * GIB, seed);
        out.printf(
                Locale.ROOT,
                "A generated stream of %d GiB or somewhat more, of a guest of %.1f GiB, packed and unpacked with a heap of at most %d MiB%n",
                gib,
                memoryBytes / (double) GIB,
                Runtime.getRuntime().maxMemory() >> 20);
        markNanos = System.nanoTime();
        Passing.Result result = Passing.of(GeneratedStream.of(memoryBytes, seed), memoryBytes, this::passed);
        out.printf(
                Locale.ROOT,
                "in  %d bytes, SHA-256 %s%nout %d bytes, SHA-256 %s%npackage %.3f of that; heap at most %.0f MiB, the process %.0f MiB%n",
                result.sentBytes(),
                result.sentDigest().hex(),
                result.receivedBytes(),
                result.receivedDigest().hex(),
                result.packageBytes() / (double) result.sentBytes(),
                Footprint.peakHeapBytes() / (double) (1 << 20),
                Footprint.peakProcessBytes() / (double) (1 << 20));
        return new Outcome(figures(result), details(result));
    }

    private void passed(long bytes) {
        if (bytes - markBytes >= GIB) {
            long now = System.nanoTime();
            double seconds = (now - markNanos) / 1e9 * GIB / (bytes - markBytes);
            secondsPerGib.add(seconds);
            markBytes = bytes;
            markNanos = now;
            out.printf(
                    Locale.ROOT, "%4d GiB: %6.2f s, %5.0f MB/s%n", secondsPerGib.size(), seconds, GIB / seconds / 1e6);
        }
    }

    private List<Figure> figures(Passing.Result result) {
        List<Figure> figures = new ArrayList<>();
        figures.add(Figure.atMost("streams whose output differs from the input", result.same() ? 0 : 1, 0));
        int quarter = secondsPerGib.size() / 4;
        if (secondsPerGib.size() >= TREND_PARTS) {
            double first = Medians.of(secondsPerGib.subList(0, quarter), seconds -> seconds);
            double last = Medians.of(
                    secondsPerGib.subList(secondsPerGib.size() - quarter, secondsPerGib.size()), seconds -> seconds);
            figures.add(Figure.atMost(
                    "time for a GiB in the last quarter of the stream, relative to the first",
                    last / first,
                    1 / LEAST_RATE_AT_THE_END));
        }
        return figures;
    }

    private JsonObject details(Passing.Result result) throws IOException {
        JsonObject json = new JsonObject();
        json.addProperty("streamBytes", result.sentBytes());
        json.addProperty("streamDigest", result.sentDigest().hex());
        json.addProperty("packageBytes", result.packageBytes());
        json.addProperty("peakHeapBytes", Footprint.peakHeapBytes());
        json.addProperty("peakProcessBytes", Footprint.peakProcessBytes());
        JsonArray seconds = new JsonArray();
        secondsPerGib.forEach(seconds::add);
        json.add("secondsPerGib", seconds);
        return json;
    }
}
