// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UsageTest {
    private static final List<Long> OURSELVES = List.of(ProcessHandle.current().pid());
    private static final int BYTES = 3_000_000;

    @TempDir
    private Path temp;

    @Test
    void whatAChildHasUsedCountsAfterItsEnd() throws Exception {
        Usage before = Usage.of(OURSELVES, pid -> false);
        // In the build's directory, since writing to a file system in memory is no writing to a disk.
        run("head -c " + BYTES + " /dev/zero >target/written && i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done");

        Usage after = Usage.of(OURSELVES, pid -> false);

        assertThat(after.cpuMillis()).isGreaterThan(before.cpuMillis());
        assertThat(after.bytesWritten() - before.bytesWritten()).isGreaterThanOrEqualTo(BYTES);
    }

    private static void run(String command) throws Exception {
        assertThat(new ProcessBuilder("sh", "-c", command).start().waitFor()).isZero();
    }

    @Test
    void memoryOfAChildCountsWhileItLivesUnlessItIsLeftOut() throws Exception {
        Process child = new ProcessBuilder("cat").start();
        try {
            long with = Usage.of(List.of(child.pid()), pid -> false).memoryBytes();

            assertThat(with).isPositive();
            assertThat(Usage.of(List.of(child.pid()), pid -> pid == child.pid()))
                    .isEqualTo(new Usage(0, 0, 0));
        } finally {
            child.destroyForcibly();
        }
    }
}
