// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stream;

import com.google.gson.Gson;
import io.vmmig.error.VmmigException;
import io.vmmig.testkit.GeneratedStream;
import java.io.IOException;

/**
 * One generated stream that was packed and unpacked in its own JVM.
 *
 * @param processors how many processors that JVM saw
 * @param streamBytes the length of the stream
 * @param packageBytes the length of its package
 * @param same whether the output equals the input
 * @param seconds how long that took, from the first byte to the last
 * @param peakHeapBytes the peak of the used heap
 * @param peakProcessBytes the peak memory of the process
 */
record Pass(
        int processors,
        long streamBytes,
        long packageBytes,
        boolean same,
        double seconds,
        long peakHeapBytes,
        long peakProcessBytes) {

    /** Takes the stream's length in MiB and a seed, and prints the result as JSON. */
    public static void main(String[] args) throws IOException, VmmigException {
        long seed = Long.parseLong(args[1]);
        long memoryBytes = GeneratedGuest.memoryFor(Long.parseLong(args[0]) << 20, seed);
        long start = System.nanoTime();
        Passing.Result result = Passing.of(GeneratedStream.of(memoryBytes, seed), memoryBytes, bytes -> {});
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.println(new Gson()
                .toJson(new Pass(
                        Runtime.getRuntime().availableProcessors(),
                        result.sentBytes(),
                        result.packageBytes(),
                        result.same(),
                        seconds,
                        Footprint.peakHeapBytes(),
                        Footprint.peakProcessBytes())));
    }

    double megabytesPerSecond() {
        return streamBytes / 1e6 / seconds;
    }
}
