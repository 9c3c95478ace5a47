// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.transport.testing.Await;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** Passes connections on, counts what passes, and cuts all of them once enough has. */
final class CuttingProxy implements Closeable {
    private final ServerSocket listening;
    private volatile int target;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final Set<Socket> clients = ConcurrentHashMap.newKeySet();
    /** What clients have sent, and what they have got. */
    final AtomicLong up = new AtomicLong();

    final AtomicLong down = new AtomicLong();
    private final AtomicLong cutUp = new AtomicLong(Long.MAX_VALUE);
    private final AtomicLong cutDown = new AtomicLong(Long.MAX_VALUE);
    private volatile Runnable atCut = () -> {};

    CuttingProxy(int target) throws IOException {
        this.target = target;
        listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        start(this::accept);
    }

    int port() {
        return listening.getLocalPort();
    }

    void leadTo(int port) {
        target = port;
    }

    /** Cuts everything, once, after so many more bytes from clients. */
    void cutUpAfter(long bytes, Runnable also) {
        atCut = also;
        cutUp.set(up.get() + bytes);
    }

    /** Cuts everything, once, after so many more bytes to clients. */
    void cutDownAfter(long bytes, Runnable also) {
        atCut = also;
        cutDown.set(down.get() + bytes);
    }

    boolean hasCut() {
        return cutUp.get() == Long.MAX_VALUE && cutDown.get() == Long.MAX_VALUE;
    }

    private static void start(Runnable work) {
        Threads.named("proxy").newThread(work).start();
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listening.accept();
                open.add(client);
                clients.add(client);
                start(() -> serve(client));
            }
        } catch (IOException closed) {
            // The test is over.
        }
    }

    private void serve(Socket client) {
        try (client;
                Socket server = new Socket(InetAddress.getLoopbackAddress(), target)) {
            open.add(server);
            start(() -> pass(client, server, up, cutUp));
            pass(server, client, down, cutDown);
        } catch (IOException e) {
            // Nobody there: the client sees its connection end.
        } finally {
            open.remove(client);
        }
    }

    private void pass(Socket from, Socket to, AtomicLong count, AtomicLong cutAt) {
        byte[] buffer = new byte[8192];
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                long limit = cutAt.get();
                if (count.get() + n >= limit && cutAt.compareAndSet(limit, Long.MAX_VALUE)) {
                    cut();
                    return;
                }
                out.write(buffer, 0, n);
                out.flush();
                count.addAndGet(n);
            }
        } catch (IOException e) {
            // Cut, here or at an end.
        }
    }

    private void cut() throws IOException {
        List<Socket> before = List.copyOf(open);
        // First: who sees the cut may rely on it.
        atCut.run();
        for (Socket socket : before) {
            socket.close();
            open.remove(socket);
        }
    }

    /** Listens no more, and returns when each client has noticed that its connection has ended: none is used again. */
    void vanish() throws Exception {
        listening.close();
        for (Socket client : clients) {
            if (!client.isClosed()) {
                client.shutdownOutput();
            }
        }
        Await.until(
                "each client has closed its connection", () -> clients.stream().allMatch(Socket::isClosed));
    }

    @Override
    public void close() throws IOException {
        listening.close();
        for (Socket socket : open) {
            socket.close();
        }
    }
}
