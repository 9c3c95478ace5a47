// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.crypto.Fingerprint;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.Acceptance;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.OutgoingSession;
import io.vmmig.transport.testing.Background;
import io.vmmig.transport.testing.OtherProcess;
import io.vmmig.transport.testing.Samples;
import java.io.IOException;
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

/** More strangers than anybody can look at, and a trusted host that takes all it gets, in a JVM with little memory whose log and threads can be counted. */
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
        assertThat(figure(lines, "introduced")).isBetween(1, IntroductionHandler.MAX_WAITING);
        assertThat(figure(lines, "busy")).isGreaterThan(50);
        assertThat(figure(lines, "shown to the operator")).isEqualTo(1);
        assertThat(figure(lines, "threads")).isLessThan(112);
        assertThat(lines).contains("a trusted host came through");
        assertThat(lines.stream().filter(line -> line.contains("turned away")).count())
                .as(output)
                // 20 at once, and one in each ten seconds.
                .isBetween(1L, 32L);
    }

    @Test
    void aTrustedHostLeavesEnoughToTheOthers() throws Exception {
        List<String> lines = OtherProcess.run(Hoarder.class, temp.toString(), "-Xmx64m")
                .lines()
                .toList();

        assertThat(figure(lines, "sessions refused")).isEqualTo(Hoarder.SESSIONS - 16);
        assertThat(figure(lines, "offers refused")).isEqualTo(Hoarder.OFFERS - 1);
        assertThat(lines).contains("another host came through", "what was closed is free again");
    }

    private static int figure(List<String> lines, String of) {
        return lines.stream()
                .filter(line -> line.startsWith(of + ": "))
                .map(line -> Integer.parseInt(line.substring(of.length() + 2)))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + of + " in " + lines));
    }

    /** Has as many sessions as it can, and then offers that are as large as can be and never end. */
    static final class Hoarder {
        static final int SESSIONS = 40;
        static final int OFFERS = 10;

        public static void main(String[] args) throws Exception {
            Path directory = Path.of(args[0]);
            HostIdentity self = HostIdentity.in(directory.resolve("self"));
            HostIdentity hoarder = HostIdentity.in(directory.resolve("hoarder"));
            HostIdentity friend = HostIdentity.in(directory.resolve("friend"));
            try (TlsListener listener = TlsListener.on("127.0.0.1", 0)
                    .as(self)
                    .trusting(Set.of(hoarder.fingerprint(), friend.fingerprint()))
                    .listen()) {
                List<RawPeer> kept = new ArrayList<>();
                int refused = 0;
                for (int i = 0; i < SESSIONS; i++) {
                    RawPeer peer = RawPeer.connect(listener.port(), hoarder, self.fingerprint())
                            .greet();
                    if (isRefused(peer)) {
                        peer.close();
                        refused++;
                    } else {
                        kept.add(peer);
                    }
                }
                System.out.println("\nsessions refused: " + refused);
                System.out.println("offers refused: " + offers(kept));
                comeThrough(listener, friend, self);
                kept.get(0).close();
                awaitPlace(listener, hoarder, self);
            }
        }

        /** Whether HELLO is followed by a refusal, rather than by a heartbeat. */
        private static boolean isRefused(RawPeer peer) throws IOException {
            peer.await(RawPeer.HELLO);
            return peer.in.readUnsignedByte() == RawPeer.REFUSE;
        }

        /** The first is taken, and every other one refused. */
        private static int offers(List<RawPeer> peers) throws IOException {
            byte[] allButTheLast = new byte[(8 << 20) - 1];
            int refused = 0;
            for (RawPeer peer : peers.subList(0, OFFERS)) {
                // What is left of the heartbeat that isRefused has seen.
                peer.in.readInt();
                peer.sendHeader(RawPeer.OFFER, allButTheLast.length + 1, allButTheLast);
                if (peer != peers.get(0)) {
                    peer.await(RawPeer.REFUSE);
                    refused++;
                }
            }
            return refused;
        }

        private static void comeThrough(TlsListener listener, HostIdentity friend, HostIdentity self) throws Exception {
            TlsTransport transport =
                    TlsTransport.to("127.0.0.1", listener.port()).as(friend).trusting(self.fingerprint());
            try (OutgoingSession session = transport.open()) {
                Background<Acceptance> answer = Background.run(() -> session.offer(Samples.offer()));
                IncomingSession theirs;
                do {
                    theirs = listener.accept(Duration.ofSeconds(10));
                } while (!theirs.peer()
                        .orElseThrow()
                        .equals(friend.fingerprint().toString()));
                theirs.offer();
                theirs.accept(new Acceptance(Set.of()));
                answer.get();
                System.out.println("another host came through");
            }
        }

        private static void awaitPlace(TlsListener listener, HostIdentity hoarder, HostIdentity self)
                throws IOException {
            boolean refused = true;
            while (refused) {
                try (RawPeer peer = RawPeer.connect(listener.port(), hoarder, self.fingerprint())
                        .greet()) {
                    refused = isRefused(peer);
                }
            }
            System.out.println("what was closed is free again");
        }
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
                            if (e.problem() == io.vmmig.error.Problem.PEER_FAILED) {
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
