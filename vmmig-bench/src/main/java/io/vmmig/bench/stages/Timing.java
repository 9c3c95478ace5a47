// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stages;

import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;

/**
 * The result of one JMH run of a benchmark.
 *
 * @param stage what was measured, with its parameters
 * @param mebibytes how much one call processes; 1 if its time does not depend on a size
 * @param bulk whether its time depends on a size
 * @param millis how long a call took
 * @param allocated how many bytes were allocated for each of {@code mebibytes}, by all threads; NaN if that is not known
 */
record Timing(String stage, int mebibytes, boolean bulk, double millis, double allocated) {
    private static final String ALLOCATED = "gc.alloc.rate.norm";

    static Timing of(RunResult result) {
        BenchmarkParams params = result.getParams();
        int mebibytes = params.getOpsPerInvocation();
        Result<?> allocated = result.getSecondaryResults().get(ALLOCATED);
        return new Timing(
                nameOf(params),
                mebibytes,
                mebibytes > 1,
                millis(
                        params.getMode(),
                        params.getTimeUnit(),
                        result.getPrimaryResult().getScore(),
                        mebibytes),
                allocated == null ? Double.NaN : allocated.getScore());
    }

    private static String nameOf(BenchmarkParams params) {
        StringBuilder name = new StringBuilder(shortened(params.getBenchmark()));
        for (String key : params.getParamsKeys()) {
            name.append(' ').append(key).append('=').append(params.getParam(key));
        }
        return name.toString();
    }

    /** {@code Zstd.compress} of {@code io.vmmig.bench.stages.ZstdBenchmark.compress}. */
    static String shortened(String benchmark) {
        int method = benchmark.lastIndexOf('.');
        String type = benchmark.substring(benchmark.lastIndexOf('.', method - 1) + 1, method);
        return type.replaceFirst("Benchmark$", "") + benchmark.substring(method);
    }

    /** Of a call; a score is of one of its operations. */
    static double millis(Mode mode, TimeUnit unit, double score, int operations) {
        double unitMillis = unit.toNanos(1) / 1e6;
        return operations * unitMillis * (mode == Mode.Throughput ? 1 / score : score);
    }

    /** The rate in MiB per second, or empty. */
    String rate() {
        return bulk ? String.format(Locale.ROOT, "%.0f", mebibytes / millis * 1000) : "";
    }
}
