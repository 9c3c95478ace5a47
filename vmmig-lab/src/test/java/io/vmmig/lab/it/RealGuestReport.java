// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;

/** Notes which tests ran on real guests and for how long, and takes the hosts down in the end. Found by JUnit. */
public final class RealGuestReport implements TestExecutionListener {
    private static final Path REPORT = Path.of("target", "failsafe-reports", "real-guests.txt");

    private final Map<String, Long> starts = new ConcurrentHashMap<>();
    private final List<String> lines = new ArrayList<>();

    @Override
    public void executionStarted(TestIdentifier test) {
        starts.put(test.getUniqueId(), System.nanoTime());
    }

    @Override
    public synchronized void executionFinished(TestIdentifier test, TestExecutionResult result) {
        if (test.isTest() && test.getSource().orElse(null) instanceof MethodSource source) {
            String type = source.getClassName().replaceAll(".*\\.", "");
            if (type.endsWith("IT")) {
                double seconds = (System.nanoTime() - starts.get(test.getUniqueId())) / 1e9;
                lines.add(String.format(
                        Locale.ROOT,
                        "  %-60s %6.1f s  %s",
                        type + "." + test.getDisplayName().replaceFirst("\\(\\)$", ""),
                        seconds,
                        result.getStatus() == TestExecutionResult.Status.SUCCESSFUL ? "ok" : "FAILED"));
            }
        }
    }

    @Override
    public synchronized void testPlanExecutionFinished(TestPlan plan) {
        Hosts.close();
        if (lines.isEmpty()) {
            return;
        }
        try {
            Files.createDirectories(REPORT.getParent());
            Files.write(REPORT, lines);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
