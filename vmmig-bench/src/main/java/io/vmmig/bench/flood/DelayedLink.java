// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.flood;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.DelayQueue;
import java.util.concurrent.Delayed;
import java.util.concurrent.TimeUnit;

/** A link to a port of this machine with latency in both directions. */
final class DelayedLink implements AutoCloseable {
    private final ServerSocket server;
    private final int target;
    private final long latency;

    DelayedLink(int target, Duration latency) throws IOException {
        this.target = target;
        this.latency = latency.toNanos();
        server = new ServerSocket(0, 512, InetAddress.getLoopbackAddress());
        daemon(this::listen);
    }

    int port() {
        return server.getLocalPort();
    }

    private static void daemon(Runnable work) {
        Thread thread = new Thread(work, "link");
        thread.setDaemon(true);
        thread.start();
    }

    private void listen() {
        try {
            while (true) {
                Socket near = server.accept();
                daemon(() -> connect(near));
            }
        } catch (IOException e) {
            // It was closed.
        }
    }

    private void connect(Socket near) {
        try {
            TimeUnit.NANOSECONDS.sleep(latency);
            Socket far = new Socket(InetAddress.getLoopbackAddress(), target);
            near.setTcpNoDelay(true);
            far.setTcpNoDelay(true);
            carry(near, far);
            carry(far, near);
        } catch (IOException | InterruptedException e) {
            Strangers.close(near);
        }
    }

    private void carry(Socket from, Socket to) {
        DelayQueue<Chunk> under = new DelayQueue<>();
        daemon(() -> {
            byte[] buffer = new byte[64 << 10];
            try {
                InputStream in = from.getInputStream();
                for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                    under.add(new Chunk(Arrays.copyOf(buffer, n), System.nanoTime() + latency));
                }
            } catch (IOException e) {
                // As an end.
            }
            under.add(new Chunk(new byte[0], System.nanoTime() + latency));
        });
        daemon(() -> {
            try {
                OutputStream out = to.getOutputStream();
                for (Chunk next = under.take(); next.bytes.length > 0; next = under.take()) {
                    out.write(next.bytes);
                }
                to.shutdownOutput();
            } catch (IOException | InterruptedException e) {
                Strangers.close(from);
                Strangers.close(to);
            }
        });
    }

    /** An empty chunk is the last one. */
    private record Chunk(byte[] bytes, long due) implements Delayed {
        @Override
        public long getDelay(TimeUnit unit) {
            return unit.convert(due - System.nanoTime(), TimeUnit.NANOSECONDS);
        }

        @Override
        public int compareTo(Delayed other) {
            return Long.compare(due, ((Chunk) other).due);
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
