// SPDX-License-Identifier: Apache-2.0
package io.vmmig.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ClaimTest {
    @TempDir
    private Path directory;

    private Path file() {
        return Claim.besides(directory.resolve("guest"));
    }

    @Test
    void isOnesOwnUntilItIsReleased() throws Exception {
        Claim claim = Claim.take(file(), "first", text -> true);
        assertThatThrownBy(() -> Claim.take(file(), "second", text -> true))
                .isInstanceOfSatisfying(Claim.HeldException.class, e -> {
                    assertThat(e.text()).isEqualTo("first");
                    assertThat(e.live()).isTrue();
                });
        claim.release();
        assertThat(directory).isEmptyDirectory();
        Claim.take(file(), "second", text -> true).release();
    }

    @Test
    void isTheSameByWhateverWayOneComes() throws Exception {
        Path link = Files.createSymbolicLink(directory.resolve("link"), directory);
        try (Claim claim = Claim.take(file(), "first", text -> true)) {
            assertThatThrownBy(() -> Claim.take(Claim.besides(link.resolve("guest")), "second", text -> true))
                    .isInstanceOf(Claim.HeldException.class);
            claim.release();
        }
    }

    @Test
    void whatACrashHasLeftBindsAsLongAsItSays() throws Exception {
        Claim.take(file(), "left", text -> true).close();
        assertThatThrownBy(() -> Claim.take(file(), "second", "left"::equals))
                .isInstanceOfSatisfying(Claim.HeldException.class, e -> {
                    assertThat(e.text()).isEqualTo("left");
                    assertThat(e.live()).isFalse();
                });
        assertThat(file()).hasContent("left");
        Claim.take(file(), "second", text -> false).release();
        assertThat(file()).doesNotExist();
    }

    @Test
    void anEmptyOneBindsNobody() throws Exception {
        Files.createFile(file());
        Claim.take(file(), "mine", text -> true).release();
    }

    @Test
    void namesMayBeAsLongAsAny() throws Exception {
        Claim.take(Claim.besides(directory.resolve("x".repeat(255))), "mine", text -> true)
                .release();
    }

    @Test
    void ofManyThreadsOneHasItAtATime() throws Exception {
        int threads = 8;
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger taken = new AtomicInteger();
        CyclicBarrier start = new CyclicBarrier(threads);
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Future<Boolean>> all = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                all.add(pool.submit((Callable<Boolean>) () -> {
                    start.await();
                    for (int round = 0; round < 100; round++) {
                        try (Claim claim = Claim.take(file(), "mine", text -> true)) {
                            assertThat(inside.incrementAndGet()).isOne();
                            taken.incrementAndGet();
                            inside.decrementAndGet();
                            claim.release();
                        } catch (Claim.HeldException e) {
                            assertThat(e.live()).isTrue();
                        }
                    }
                    return true;
                }));
            }
            for (Future<Boolean> each : all) {
                each.get();
            }
        } finally {
            pool.shutdownNow();
        }
        assertThat(taken.get()).isPositive();
        assertThat(file()).doesNotExist();
    }

    /** Takes and releases it, and counts in a file that only its holder may touch. */
    static final class Program {
        private Program() {}

        public static void main(String[] arguments) throws Exception {
            Path claimed = Path.of(arguments[0]);
            Path counter = Path.of(arguments[1]);
            int taken = 0;
            while (taken < Integer.parseInt(arguments[2])) {
                try (Claim claim = Claim.take(claimed, "mine", text -> true)) {
                    Path mark = Files.createFile(counter.resolveSibling("inside"));
                    int count = Integer.parseInt(Files.readString(counter));
                    Files.writeString(counter, Integer.toString(count + 1));
                    Files.delete(mark);
                    claim.release();
                    taken++;
                } catch (Claim.HeldException e) {
                    Thread.onSpinWait();
                }
            }
        }
    }

    private Process program(Path counter, int rounds) throws Exception {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Program.class.getName(),
                        file().toString(),
                        counter.toString(),
                        Integer.toString(rounds))
                .redirectErrorStream(true)
                .start();
    }

    @Test
    void ofManyProgramsOneHasItAtATime() throws Exception {
        Path counter = Files.writeString(directory.resolve("counter"), "0");
        int rounds = 200;
        List<Process> programs = List.of(program(counter, rounds), program(counter, rounds), program(counter, rounds));
        for (Process each : programs) {
            try (BufferedReader out =
                    new BufferedReader(new InputStreamReader(each.getInputStream(), StandardCharsets.UTF_8))) {
                assertThat(out.lines().toList()).isEmpty();
            }
            assertThat(each.waitFor()).isZero();
        }
        assertThat(counter).hasContent(Integer.toString(3 * rounds));
        assertThat(file()).doesNotExist();
    }
}
