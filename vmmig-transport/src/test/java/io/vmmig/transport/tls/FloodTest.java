// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.VmmigException;
import io.vmmig.crypto.Fingerprint;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.transport.OutgoingSession;
import io.vmmig.transport.testing.OtherProcess;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** More strangers than anybody can look at, in a JVM with little memory whose log and threads can be counted. */
@Timeout(120)
class FloodTest {
    @TempDir
    Path temp;

    @Test
    void strangersExhaustNothing() throws Exception {
        String output = OtherProcess.run(
                Crowd.class,
                temp.toString(),
                "-Xmx64m",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                "-Dorg.slf4j.simpleLogger.logFile=System.out");

        List<String> lines = output.lines().toList();
        assertThat(figure(lines, "introduced")).isBetween(1, Reception.MAX_WAITING);
        assertThat(figure(lines, "busy")).isGreaterThan(50);
        assertThat(figure(lines, "shown to the operator")).isEqualTo(1);
        assertThat(figure(lines, "threads")).isLessThan(80);
        assertThat(lines).contains("a trusted host came through");
        assertThat(lines.stream().filter(line -> line.contains("turned away")).count())
                .as(output)
                // 20 at once, and one in each ten seconds.
                .isBetween(1L, 32L);
    }

    private static int figure(List<String> lines, String of) {
        return lines.stream()
                .filter(line -> line.startsWith(of + ": "))
                .map(line -> Integer.parseInt(line.substring(of.length() + 2)))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + of + " in " + lines));
    }

    /** Strangers introduce themselves, others say nothing, and the operator sleeps. */
    static final class Crowd {
        private static final int STRANGERS = 40;
        private static final int ATTEMPTS = 120;

        public static void main(String[] args) throws Exception {
            Path directory = Path.of(args[0]);
            HostIdentity self = HostIdentity.in(directory.resolve("self"));
            HostIdentity friend = HostIdentity.in(directory.resolve("friend"));
            List<HostIdentity> strangers = new ArrayList<>();
            for (int i = 0; i < STRANGERS; i++) {
                strangers.add(HostIdentity.in(directory.resolve("stranger-" + i)));
            }
            AtomicInteger shown = new AtomicInteger();
            CountDownLatch morning = new CountDownLatch(1);
            Set<Fingerprint> introduced = ConcurrentHashMap.newKeySet();
            AtomicInteger busy = new AtomicInteger();
            AtomicInteger threads = new AtomicInteger();
            try (TlsListener listener = TlsListener.on("127.0.0.1", 0)
                    .as(self)
                    .trusting(Set.of(friend.fingerprint()))
                    .introducing("self", card -> {
                        shown.incrementAndGet();
                        try {
                            morning.await();
                        } catch (InterruptedException e) {
                            Thread.currentThread().interrupt();
                        }
                    })
                    .listen()) {
                List<Socket> silent = new ArrayList<>();
                ExecutorService crowd = Executors.newFixedThreadPool(6);
                for (int i = 0; i < ATTEMPTS; i++) {
                    HostIdentity stranger = strangers.get(i % STRANGERS);
                    crowd.execute(() -> {
                        try {
                            Introduction.with("127.0.0.1", listener.port())
                                    .as(stranger, "stranger")
                                    .within(Duration.ofSeconds(10));
                            introduced.add(stranger.fingerprint());
                        } catch (VmmigException e) {
                            if (e.problem() == io.vmmig.Problem.PEER_FAILED) {
                                busy.incrementAndGet();
                            }
                        }
                        threads.accumulateAndGet(listening(), Math::max);
                    });
                    if (i % 2 == 0) {
                        silent.add(new Socket("127.0.0.1", listener.port()));
                    }
                }
                crowd.shutdown();
                crowd.awaitTermination(60, TimeUnit.SECONDS);
                try (OutgoingSession session = TlsTransport.to("127.0.0.1", listener.port())
                        .as(friend)
                        .trusting(self.fingerprint())
                        .open()) {
                    System.out.println("\na trusted host came through");
                }
                System.out.println("introduced: " + introduced.size());
                System.out.println("busy: " + busy);
                System.out.println("shown to the operator: " + shown);
                System.out.println("threads: " + threads);
                for (Socket socket : silent) {
                    socket.close();
                }
                morning.countDown();
            }
        }

        private static int listening() {
            return (int) Thread.getAllStackTraces().keySet().stream()
                    .filter(thread -> thread.getName().startsWith("vmmig-"))
                    .count();
        }
    }
}
