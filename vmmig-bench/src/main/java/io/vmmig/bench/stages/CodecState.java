// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stages;

import io.vmmig.bench.BaseImagePages;
import io.vmmig.content.Level;
import io.vmmig.error.VmmigException;
import io.vmmig.page.PageSource;
import io.vmmig.snapshot.LevelControl;
import io.vmmig.snapshot.PageDecoder;
import io.vmmig.snapshot.PageEncoder;
import io.vmmig.snapshot.PageRing;
import io.vmmig.snapshot.PageSegmenter;
import io.vmmig.snapshot.PageTally;
import io.vmmig.snapshot.Reference;
import io.vmmig.snapshot.Segment;
import io.vmmig.snapshot.SegmentPool;
import io.vmmig.snapshot.Segmenter;
import io.vmmig.snapshot.Segments;
import io.vmmig.snapshot.UsualShifts;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** The page codec, with segments from the first part of a real guest's stream. */
@State(Scope.Benchmark)
public class CodecState {
    /** Names the base image. */
    public static final String BASE_PROPERTY = "vmmig.bench.base";
    /** Names the directory for its index. */
    public static final String REFERENCES_PROPERTY = "vmmig.bench.references";

    private static final int COUNT = 16;
    private static final int ONE_IN = 4;

    /** The compression level. */
    @Param({"FASTEST", "BALANCED", "SMALLEST"})
    public Level level = Level.BALANCED;

    /** Whether pages are looked up in the guest's base image. */
    @Param({"false", "true"})
    public boolean base;

    private final List<Segment> segments = new ArrayList<>();
    private @Nullable BaseImagePages image;
    private @Nullable PageEncoder encoder;
    private @Nullable PageDecoder decoder;
    private int next;

    /** Cuts. */
    @Setup
    public void cut() throws IOException, VmmigException {
        List<Reference> references = base ? List.of(new Reference(openBase(), Reference.Order.ANY)) : List.of();
        encoder = new PageEncoder(
                references,
                LevelControl.of(level),
                new PageTally(references.size()),
                new UsualShifts(references.size()),
                Segments.MAX_BYTES);
        decoder = new PageDecoder(references, new PageTally(references.size()), new PageRing(), Segments.MAX_BYTES);
        SegmentPool pool = new SegmentPool(COUNT + 1, Segments.MAX_BYTES, Segments.storedBytes(Segments.MAX_BYTES));
        Segmenter segmenter = new PageSegmenter().snapshot();
        try (InputStream in = Files.newInputStream(Path.of(System.getProperty(MemorySegments.FILE_PROPERTY)))) {
            boolean more = true;
            for (int i = 0; more && segments.size() < COUNT; i++) {
                Segment segment = take(pool);
                more = segmenter.fill(segment, in);
                if (more && i % ONE_IN == 0) {
                    segments.add(segment);
                } else {
                    pool.give(segment);
                }
            }
        }
        if (segments.size() < COUNT) {
            throw new IOException("the guest's memory is too small");
        }
    }

    /** Encodes all segments, and returns the ratio of the sizes. */
    double encodeAll() {
        long decoded = 0;
        long stored = 0;
        for (Segment segment : segments) {
            encoder().encode(segment);
            decoded += segment.decodedLength();
            stored += segment.storedLength();
        }
        return stored / (double) decoded;
    }

    private PageSource openBase() throws IOException, VmmigException {
        image = BaseImagePages.of(
                Path.of(System.getProperty(BASE_PROPERTY)), Path.of(System.getProperty(REFERENCES_PROPERTY)));
        return image.pages();
    }

    private static Segment take(SegmentPool pool) throws IOException {
        try {
            Segment segment = pool.take();
            if (segment != null) {
                return segment;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        throw new IOException("interrupted");
    }

    /** The next segment. */
    Segment next() {
        next = (next + 1) % COUNT;
        return segments.get(next);
    }

    PageEncoder encoder() {
        if (encoder == null) {
            throw new IllegalStateException("before the setup");
        }
        return encoder;
    }

    PageDecoder decoder() {
        if (decoder == null) {
            throw new IllegalStateException("before the setup");
        }
        return decoder;
    }

    /** Frees native memory and files. */
    @TearDown
    public void close() {
        encoder().close();
        decoder().close();
        if (image != null) {
            image.close();
        }
    }
}
