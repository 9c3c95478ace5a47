// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stages;

import io.vmmig.bench.BaseImagePages;
import io.vmmig.error.VmmigException;
import io.vmmig.page.PageHash;
import io.vmmig.page.PageSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Looks up pages of a guest's memory by their hashes in the index of its base image. The first look-up opens the index, and each
 * of its blocks is verified when first used.
 */
@State(Scope.Benchmark)
public class LookUpBenchmark extends StageBenchmark {
    private static final int PAGE_BYTES = PageSource.PAGE_BYTES;

    private final List<long[]> hashes = new ArrayList<>();
    private final byte[] page = new byte[PAGE_BYTES];
    private @Nullable BaseImagePages base;
    private int next;
    private long found;
    private long sought;

    /** Opens the base image. */
    @Setup
    public void open(MemorySegments memory) throws IOException, VmmigException {
        base = BaseImagePages.of(
                Path.of(System.getProperty(CodecState.BASE_PROPERTY)),
                Path.of(System.getProperty(CodecState.REFERENCES_PROPERTY)));
        for (byte[] segment : memory.all()) {
            long[] each = new long[segment.length / PAGE_BYTES];
            Arrays.setAll(each, i -> PageHash.of(segment, i * PAGE_BYTES));
            hashes.add(each);
        }
    }

    /** Looks up the pages of a segment. */
    @Benchmark
    @OperationsPerInvocation(MemorySegments.MIB)
    public long find() {
        PageSource pages = pages();
        long near = 0;
        for (long hash : nextHashes()) {
            long at = pages.find(hash, near);
            if (at >= 0) {
                near = at + 1;
                found++;
            }
        }
        return near;
    }

    /** The same, and compares each found page with the original; reads them one by one, while the encoder reads ahead. */
    @Benchmark
    @OperationsPerInvocation(MemorySegments.MIB)
    public long findAndCompare(MemorySegments memory) throws IOException {
        PageSource pages = pages();
        long[] wanted = nextHashes();
        byte[] segment = memory.all().get(next);
        long near = 0;
        for (int i = 0; i < wanted.length; i++) {
            long at = pages.find(wanted[i], near);
            if (at >= 0) {
                pages.read(at, page, 0);
                if (Arrays.equals(page, 0, PAGE_BYTES, segment, i * PAGE_BYTES, (i + 1) * PAGE_BYTES)) {
                    near = at + 1;
                    found++;
                }
            }
        }
        return near;
    }

    private PageSource pages() {
        if (base == null) {
            throw new IllegalStateException("before the setup");
        }
        return base.pages();
    }

    private long[] nextHashes() {
        next = (next + 1) % hashes.size();
        sought += hashes.get(next).length;
        return hashes.get(next);
    }

    /** Prints how many were found, and closes the base image. */
    @TearDown
    public void close() {
        System.out.printf("%.3f of the pages found%n", found / (double) sought);
        if (base != null) {
            base.close();
        }
    }
}
