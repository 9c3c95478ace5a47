// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.flood;

import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.TlsContexts;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLSocket;

/** Makes that many connections per second from untrusted hosts: most send nothing, one in ten shows an unknown certificate. */
final class Strangers implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final int ONE_SHOWS_ITSELF_IN = 10;

    private final int port;
    private final Origin origin;
    private final HostIdentity unknown;
    private final ScheduledExecutorService clock = Executors.newScheduledThreadPool(2, Strangers::daemon);
    private final ExecutorService shakers = Executors.newFixedThreadPool(16, Strangers::daemon);
    private final Queue<Socket> silent = new ConcurrentLinkedQueue<>();
    private final AtomicInteger came = new AtomicInteger();

    /** Where they come from. */
    enum Origin {
        FOUR_ADDRESSES("four other addresses"),
        MANY_ADDRESSES("an address each"),
        THE_SAME_ADDRESS("the address of the honest hosts");

        private final String words;

        Origin(String words) {
            this.words = words;
        }

        @Override
        public String toString() {
            return words;
        }

        private String address(int number) {
            return switch (this) {
                case FOUR_ADDRESSES -> "127.0.1." + (1 + number % 4);
                case MANY_ADDRESSES -> "127.1." + number / 250 % 250 + "." + (1 + number % 250);
                case THE_SAME_ADDRESS -> "127.0.0.1";
            };
        }
    }

    Strangers(int port, int perSecond, Origin origin, HostIdentity unknown) {
        this.port = port;
        this.origin = origin;
        this.unknown = unknown;
        clock.scheduleAtFixedRate(this::come, 0, TimeUnit.SECONDS.toNanos(1) / perSecond, TimeUnit.NANOSECONDS);
    }

    private static Thread daemon(Runnable work) {
        Thread thread = new Thread(work, "stranger");
        thread.setDaemon(true);
        return thread;
    }

    private void come() {
        int number = came.incrementAndGet();
        Socket socket = new Socket();
        try {
            socket.bind(new InetSocketAddress(InetAddress.getByName(origin.address(number)), 0));
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), (int) PATIENCE.toMillis());
            if (number % ONE_SHOWS_ITSELF_IN == 0) {
                shakers.execute(() -> show(socket));
            } else {
                silent.add(socket);
                clock.schedule(this::leave, PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            }
        } catch (IOException | RejectedExecutionException e) {
            close(socket);
        }
    }

    private void leave() {
        Socket oldest = silent.poll();
        if (oldest != null) {
            close(oldest);
        }
    }

    private void show(Socket socket) {
        try (SSLSocket tls = (SSLSocket)
                TlsContexts.of(unknown, any -> true).getSocketFactory().createSocket(socket, "", 0, true)) {
            tls.setSSLParameters(TlsContexts.parameters());
            tls.setSoTimeout((int) PATIENCE.toMillis());
            tls.startHandshake();
            tls.getInputStream().read();
        } catch (IOException e) {
            // As expected.
        }
    }

    static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // It is closed.
        }
    }

    /** How many there were. */
    int came() {
        return came.get();
    }

    @Override
    public void close() {
        clock.shutdownNow();
        shakers.shutdownNow();
        silent.forEach(Strangers::close);
    }
}
