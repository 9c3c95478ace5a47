// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** A way to a port of this machine on which connections break, one after the other, each after so many bytes. */
final class BreakingLink implements AutoCloseable {
    private final ServerSocket server;
    private final int target;
    private final Queue<Long> breaks;
    private final AtomicInteger connections = new AtomicInteger();
    private final AtomicLong passed = new AtomicLong();

    /**
     * Begins to listen.
     *
     * @param breaks after how many bytes to {@code target} the first connections break; later ones do not
     */
    BreakingLink(int target, List<Long> breaks) throws IOException {
        this.target = target;
        this.breaks = new ArrayDeque<>(breaks);
        this.server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        start(this::listen);
    }

    int port() {
        return server.getLocalPort();
    }

    int connections() {
        return connections.get();
    }

    /** How many bytes have gone to the target. */
    long passed() {
        return passed.get();
    }

    private static void start(Runnable work) {
        Thread thread = new Thread(work, "breaking-link");
        thread.setDaemon(true);
        thread.start();
    }

    private void listen() {
        try {
            while (true) {
                Socket source = server.accept();
                Socket destination = new Socket(InetAddress.getLoopbackAddress(), target);
                connections.incrementAndGet();
                Long limit = breaks.poll();
                start(() -> pass(source, destination, passed, limit == null ? Long.MAX_VALUE : limit));
                start(() -> pass(destination, source, new AtomicLong(), Long.MAX_VALUE));
            }
        } catch (IOException e) {
            // Closed.
        }
    }

    private static void pass(Socket from, Socket to, AtomicLong passed, long limit) {
        byte[] buffer = new byte[32 << 10];
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            long left = limit;
            for (int n = 0; n >= 0 && left > 0; n = in.read(buffer, 0, (int) Math.min(buffer.length, left))) {
                out.write(buffer, 0, n);
                passed.addAndGet(n);
                left -= n;
            }
        } catch (IOException e) {
            // The other direction has broken.
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
