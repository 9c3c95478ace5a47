// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import static io.vmmig.transport.testing.Problems.assertProblem;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.Problem;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The look-up and all addresses that it finds share one deadline. */
@Timeout(60)
class HostAddressTest {
    private static final InetAddress HERE = InetAddress.getLoopbackAddress();

    private static long in(long millis) {
        return System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    }

    @Test
    void aNameServerThatDoesNotAnswerIsNotWaitedForLongerThanForTheHost() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        try {
            assertThatThrownBy(() -> new HostAddress("slow.example", 1).connect(in(200), name -> {
                        awaitQuietly(never);
                        return new InetAddress[] {HERE};
                    }))
                    .satisfies(e -> assertProblem(e, Problem.PEER_UNREACHABLE))
                    .hasMessageContaining("slow.example was not found in time");
        } finally {
            never.countDown();
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void aNameThatThereIsNotIsSaidToBeSo() {
        assertThatThrownBy(() -> new HostAddress("no.example", 1).connect(in(10_000), name -> {
                    throw new UnknownHostException(name);
                }))
                .satisfies(e -> assertProblem(e, Problem.PEER_UNREACHABLE))
                .hasMessageContaining("no.example is not known");
    }

    @Test
    void anAddressThatSwallowsEverythingLeavesTheNextOneItsShareOfTheTime() throws Exception {
        try (ServerSocket open = new ServerSocket(0, 50, HERE);
                BlackHole hole = new BlackHole("127.0.0.2", open.getLocalPort())) {
            InetAddress[] both = {InetAddress.getByName("127.0.0.2"), HERE};

            try (Socket socket = new HostAddress("two.example", open.getLocalPort()).connect(in(3000), name -> both)) {
                assertThat(socket.getInetAddress()).isEqualTo(HERE);
            }
        }
    }

    /** A port whose system takes no connection any more and does not say so: nobody accepts those that it has taken. */
    private static final class BlackHole implements AutoCloseable {
        private final ServerSocket server;
        private final List<Socket> waiting = new ArrayList<>();

        BlackHole(String address, int port) throws Exception {
            server = new ServerSocket(port, 1, InetAddress.getByName(address));
            boolean swallows = false;
            while (!swallows) {
                Socket socket = new Socket();
                waiting.add(socket);
                try {
                    socket.connect(new InetSocketAddress(address, port), 300);
                } catch (SocketTimeoutException e) {
                    swallows = true;
                }
            }
        }

        @Override
        public void close() throws Exception {
            for (Socket socket : waiting) {
                socket.close();
            }
            server.close();
        }
    }
}
