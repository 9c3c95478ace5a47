// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.codec;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.vmmig.bench.BaseImagePages;
import io.vmmig.bench.Bench;
import io.vmmig.bench.Figure;
import io.vmmig.bench.Options;
import io.vmmig.bench.Outcome;
import io.vmmig.bench.stages.CodecAlone;
import io.vmmig.bench.stages.CodecState;
import io.vmmig.bench.stages.MemorySegments;
import io.vmmig.bench.stages.RealMemory;
import io.vmmig.content.Level;
import io.vmmig.error.VmmigException;
import io.vmmig.lab.guest.GuestKind;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The rate of the page codec alone, and the rate of writing and reading packages (finding pages, digests, tar) without
 * hypervisor, disk and network.
 */
public final class CodecBench {
    private static final double BALANCED_RATE = 700;
    private static final double FASTEST_RATE = 1500;

    private final PrintStream out;

    private CodecBench(PrintStream out) {
        this.out = out;
    }

    /** Takes the directory for the results. Exits with 1 if a target is missed, and with 2 if nothing could be measured. */
    public static void main(String[] args) {
        Bench.run(args, (words, out, directory) -> {
            new Options(words).requireNoMore();
            return new CodecBench(out).run(directory).conclude(out, directory.resolve("codec.json"));
        });
    }

    private Outcome run(Path directory) throws IOException, VmmigException {
        GuestKind.Image debian = GuestKind.DEBIAN.image();
        Path memory = RealMemory.in(directory, debian);
        System.setProperty(MemorySegments.FILE_PROPERTY, memory.toString());
        System.setProperty(CodecState.BASE_PROPERTY, debian.qcow2().toString());
        System.setProperty(
                CodecState.REFERENCES_PROPERTY, directory.resolve("references").toString());
        byte[] stream = Files.readAllBytes(memory);
        out.printf(
                Locale.ROOT,
                "The memory of a real Debian that has read files, %.1f MB as QEMU writes it, on %d processors%n",
                stream.length / 1e6,
                Runtime.getRuntime().availableProcessors());
        List<Figure> figures = new ArrayList<>();
        JsonArray details = new JsonArray();
        try (BaseImagePages base = BaseImagePages.of(debian.qcow2(), directory.resolve("references"))) {
            for (Level level : List.of(Level.FASTEST, Level.BALANCED, Level.SMALLEST)) {
                for (boolean withBase : new boolean[] {false, true}) {
                    Rates rates = withBase
                            ? Rates.measure(stream, level, List.of(base.reference()), List.of(base.pages()))
                            : Rates.measure(stream, level, List.of(), List.of());
                    String what = level + (withBase ? " with the base image" : "");
                    out.println(rates.line(what));
                    details.add(toJson(rates, what));
                    CodecAlone alone = CodecAlone.measure(level, withBase);
                    out.printf(
                            Locale.ROOT,
                            "  %-30s encode %5.0f MB/s  decode %5.0f MB/s%n",
                            "  the page codec alone",
                            alone.encoded(),
                            alone.decoded());
                    figures.addAll(figures(alone, level, withBase, what));
                }
            }
        }
        return new Outcome(figures, details);
    }

    private static List<Figure> figures(CodecAlone rates, Level level, boolean withBase, String what) {
        double least =
                switch (level) {
                    case BALANCED -> BALANCED_RATE;
                    case FASTEST -> withBase ? FASTEST_RATE : 0;
                    default -> 0;
                };
        return least == 0
                ? List.of()
                : List.of(
                        Figure.atLeast("MB/s of pages, " + what + ": encode", rates.encoded(), least),
                        Figure.atLeast("MB/s of pages, " + what + ": decode", rates.decoded(), least));
    }

    private static JsonObject toJson(Rates rates, String what) {
        JsonObject json = new JsonObject();
        json.addProperty("what", what);
        json.addProperty("encodedMegabytesPerSecond", rates.encoded());
        json.addProperty("decodedMegabytesPerSecond", rates.decoded());
        json.addProperty("size", rates.size());
        json.addProperty("referenced", rates.referenced());
        return json;
    }
}
