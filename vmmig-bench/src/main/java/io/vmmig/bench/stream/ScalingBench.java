// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stream;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import io.vmmig.bench.Bench;
import io.vmmig.bench.Figure;
import io.vmmig.bench.Options;
import io.vmmig.bench.Outcome;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Measures how the time to pack and unpack a stream grows with its length and shrinks with the number of processors. */
public final class ScalingBench {
    private static final long DEFAULT_GIB = 4;
    /** The length used with every number of processors, and the baseline for longer ones. */
    private static final long REFERENCE_MIB = 1024;

    private static final double LEAST_RATE_WHEN_LONGER = 0.8;

    private final PrintStream out;
    private final long seed;
    private final int most;
    private final List<Pass> ofLengths = new ArrayList<>();
    private final List<Pass> ofProcessors = new ArrayList<>();

    private ScalingBench(PrintStream out, long seed, int most) {
        this.out = out;
        this.seed = seed;
        this.most = most;
    }

    /**
     * Takes {@code --gib}, {@code --threads}, {@code --seed} and at the end the directory for the results. Exits with 1 if a
     * target is missed, and with 2 if nothing could be measured.
     */
    public static void main(String[] args) {
        Bench.run(args, (words, out, directory) -> {
            Options options = new Options(words);
            long gib = options.number("gib", 1, DEFAULT_GIB);
            long threads = options.number("threads", 1, Runtime.getRuntime().availableProcessors());
            long seed = options.number("seed", 0, 1);
            options.requireNoMore();
            return new ScalingBench(out, seed, Math.toIntExact(threads))
                    .run(gib)
                    .conclude(out, directory.resolve("scaling.json"));
        });
    }

    private Outcome run(long gib) throws IOException {
        out.printf("Generated streams, packed and unpacked by JVMs with a heap of %d MiB each%n", FreshJvm.HEAP_MIB);
        for (long mebibytes : Steps.mebibytes(gib)) {
            ofLengths.add(measure(mebibytes, most));
        }
        for (int processors : Steps.processors(most)) {
            ofProcessors.add(processors == most ? reference() : measure(REFERENCE_MIB, processors));
        }
        JsonObject details = new JsonObject();
        details.add("lengths", new Gson().toJsonTree(ofLengths));
        details.add("processors", new Gson().toJsonTree(ofProcessors));
        return new Outcome(figures(), details);
    }

    /** This length is always among them. */
    private Pass reference() {
        return ofLengths.get(1);
    }

    private Pass measure(long mebibytes, int processors) throws IOException {
        Pass pass = FreshJvm.pass(mebibytes, processors, seed);
        out.printf(
                Locale.ROOT,
                "%6.2f GiB, threads for %2d processors: %7.2f s, %5.0f MB/s; heap at most %3d MiB, the process %4d MiB%n",
                mebibytes / 1024.0,
                processors,
                pass.seconds(),
                pass.megabytesPerSecond(),
                pass.peakHeapBytes() >> 20,
                pass.peakProcessBytes() >> 20);
        return pass;
    }

    private List<Figure> figures() {
        List<Figure> figures = new ArrayList<>();
        long changed = ofLengths.stream().filter(pass -> !pass.same()).count()
                + ofProcessors.stream().filter(pass -> !pass.same()).count();
        figures.add(Figure.atMost("streams whose output differs from the input", changed, 0));
        Pass longest = ofLengths.get(ofLengths.size() - 1);
        if (ofLengths.size() > 2) {
            figures.add(Figure.atLeast(
                    "MB/s of the longest stream, of those of 1 GiB",
                    longest.megabytesPerSecond() / reference().megabytesPerSecond(),
                    LEAST_RATE_WHEN_LONGER));
        }
        return figures;
    }
}
