// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stages;

import io.vmmig.content.Level;
import io.vmmig.error.VmmigException;
import io.vmmig.snapshot.Segment;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * The rates of the page encoder and the page decoder, each alone, with a thread on every processor. Constant pages take almost no
 * space in a stream, so only other pages count.
 *
 * @param encoded millions of bytes of the stream encoded per second, by all threads together
 * @param decoded the same, decoded
 */
public record CodecAlone(double encoded, double decoded) {
    private static final long WARM_UP_NANOS = 5_000_000_000L;
    private static final long MEASURED_NANOS = 5_000_000_000L;

    /** An operation on a segment. */
    private interface Work {
        void on(CodecState codec, Segment segment) throws VmmigException;
    }

    /** Measures. The system properties that {@link CodecState} reads must be set. */
    public static CodecAlone measure(Level level, boolean base) throws IOException, VmmigException {
        List<CodecState> codecs = new ArrayList<>();
        try {
            for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
                CodecState codec = new CodecState();
                codec.level = level;
                codec.base = base;
                codec.cut();
                codec.encodeAll();
                codecs.add(codec);
            }
            Work encoding = (codec, segment) -> codec.encoder().encode(segment);
            Work decoding = (codec, segment) -> codec.decoder().decode(segment);
            return new CodecAlone(rate(codecs, encoding), rate(codecs, decoding));
        } finally {
            codecs.forEach(CodecState::close);
        }
    }

    private static double rate(List<CodecState> codecs, Work work) throws IOException, VmmigException {
        all(codecs, work, WARM_UP_NANOS);
        return all(codecs, work, MEASURED_NANOS);
    }

    private static double all(List<CodecState> codecs, Work work, long nanos) throws IOException, VmmigException {
        ExecutorService threads = Executors.newFixedThreadPool(codecs.size());
        try {
            List<Callable<Double>> tasks = new ArrayList<>();
            codecs.forEach(codec -> tasks.add(() -> one(codec, work, nanos)));
            double sum = 0;
            for (Future<Double> rate : threads.invokeAll(tasks)) {
                sum += rate.get();
            }
            return sum;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof VmmigException cause) {
                throw cause;
            }
            throw new IOException("the codec failed", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            threads.shutdownNow();
        }
    }

    private static double one(CodecState codec, Work work, long nanos) throws VmmigException {
        long bytes = 0;
        long start = System.nanoTime();
        while (System.nanoTime() - start < nanos) {
            Segment segment = codec.next();
            work.on(codec, segment);
            bytes += segment.decodedLength();
        }
        return bytes / 1e6 / ((System.nanoTime() - start) / 1e9);
    }
}
