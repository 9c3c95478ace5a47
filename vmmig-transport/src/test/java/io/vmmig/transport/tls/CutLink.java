// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.tls;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** What lies between two hosts, and breaks: passes bytes on in both directions until it does not, and counts them. */
final class CutLink implements AutoCloseable {
    private final ServerSocket server;
    /** Where connections to come lead. */
    volatile int target;

    private final Deque<Fate> fates = new ConcurrentLinkedDeque<>();
    private final CountDownLatch closed = new CountDownLatch(1);
    final List<Way> ways = new CopyOnWriteArrayList<>();
    final AtomicInteger refused = new AtomicInteger();
    volatile boolean refusing;

    /**
     * What becomes of a connection.
     *
     * @param up after how many bytes from the source it ends
     * @param down after how many bytes to the source it ends
     * @param stalls whether it ends by passing nothing on any more, rather than by breaking
     */
    record Fate(long up, long down, boolean stalls) {
        static final Fate NONE = new Fate(Long.MAX_VALUE, Long.MAX_VALUE, false);

        static Fate cutAfterUp(long up) {
            return new Fate(up, Long.MAX_VALUE, false);
        }

        static Fate cutAfterDown(long down) {
            return new Fate(Long.MAX_VALUE, down, false);
        }

        static Fate stallsAfterUp(long up) {
            return new Fate(up, Long.MAX_VALUE, true);
        }
    }

    CutLink(int target) throws IOException {
        this.target = target;
        this.server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        thread(this::listen);
    }

    int port() {
        return server.getLocalPort();
    }

    /** Of the next connections, one after the other; then nothing befalls them. */
    CutLink next(Fate... some) {
        fates.addAll(List.of(some));
        return this;
    }

    /** Nothing befalls any connection to come. */
    void forget() {
        fates.clear();
    }

    /** Cuts all that there is now. */
    void cut() {
        ways.forEach(Way::cut);
    }

    long up() {
        return ways.stream().mapToLong(way -> way.up.get()).sum();
    }

    private static void thread(Runnable work) {
        Thread thread = new Thread(work, "cut-link");
        thread.setDaemon(true);
        thread.start();
    }

    private void listen() {
        try {
            while (true) {
                Socket source = server.accept();
                try {
                    pass(source);
                } catch (IOException e) {
                    // There is nobody to pass it on to.
                    Sockets.closeQuietly(source);
                }
            }
        } catch (IOException e) {
            cut();
        }
    }

    private void pass(Socket source) throws IOException {
        if (refusing) {
            refused.incrementAndGet();
            throw new IOException("refusing");
        }
        Fate fate = fates.poll();
        Way way = new Way(source, new Socket("127.0.0.1", target), fate == null ? Fate.NONE : fate);
        ways.add(way);
        thread(() -> way.pump(source, way.destination, way.up, way.fate.up));
        thread(() -> way.pump(way.destination, source, way.down, way.fate.down));
    }

    /** One connection. */
    final class Way {
        private final Socket source;
        private final Socket destination;
        private final Fate fate;
        final AtomicLong up = new AtomicLong();
        final AtomicLong down = new AtomicLong();

        private Way(Socket source, Socket destination, Fate fate) {
            this.source = source;
            this.destination = destination;
            this.fate = fate;
        }

        private void pump(Socket from, Socket to, AtomicLong count, long limit) {
            byte[] buffer = new byte[32 << 10];
            try {
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream();
                while (count.get() < limit) {
                    int n = in.read(buffer, 0, (int) Math.min(buffer.length, limit - count.get()));
                    if (n < 0) {
                        to.shutdownOutput();
                        return;
                    }
                    out.write(buffer, 0, n);
                    count.addAndGet(n);
                }
                if (fate.stalls) {
                    closed.await();
                }
                cut();
            } catch (IOException e) {
                cut();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        private void cut() {
            Sockets.closeQuietly(source);
            Sockets.closeQuietly(destination);
        }
    }

    @Override
    public void close() throws IOException {
        closed.countDown();
        server.close();
        cut();
    }
}
