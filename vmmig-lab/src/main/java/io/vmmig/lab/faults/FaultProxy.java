// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.faults;

import io.vmmig.lab.LabException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A TCP proxy in front of a host that can be cut and stalled. Bytes that it has accepted but not forwarded are lost when it is
 * cut, as in a network. Thread-safe.
 */
final class FaultProxy implements AutoCloseable {
    private static final int BUFFER = 64 << 10;
    private static final int CONNECT_MILLIS = 5000;

    private enum Condition {
        WHOLE,
        /** Connections are reset, and new ones are refused. */
        CUT,
        /** Nothing passes, and neither end is told. */
        CLOGGED
    }

    private final ServerSocket server;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final Object change = new Object();
    private Condition condition = Condition.WHOLE;
    private volatile int target;
    private volatile boolean closed;

    FaultProxy() {
        try {
            server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new LabException("no port is free", e);
        }
        daemon(this::accept);
    }

    private static void daemon(Runnable work) {
        Thread thread = new Thread(work, "fault-proxy");
        thread.setDaemon(true);
        thread.start();
    }

    int port() {
        return server.getLocalPort();
    }

    /** Forwards new connections to that port from now on. */
    void leadTo(int port) {
        target = port;
    }

    /** Resets all connections, and refuses new ones. */
    void cut() {
        become(Condition.CUT);
        sockets.forEach(FaultProxy::reset);
    }

    /** Stops all traffic in both directions; connections stay open. */
    void clog() {
        become(Condition.CLOGGED);
    }

    /** Undoes {@link #cut} and {@link #clog}. */
    void mend() {
        become(Condition.WHOLE);
    }

    private void become(Condition next) {
        synchronized (change) {
            condition = next;
            change.notifyAll();
        }
    }

    /** Waits while stalled; returns false if the data is lost. */
    private boolean passable() throws InterruptedException {
        synchronized (change) {
            while (condition == Condition.CLOGGED && !closed) {
                change.wait();
            }
            return condition == Condition.WHOLE && !closed;
        }
    }

    private void accept() {
        while (!closed) {
            try {
                Socket near = server.accept();
                sockets.add(near);
                daemon(() -> connect(near));
            } catch (IOException e) {
                // Closed, or the client has disconnected.
            }
        }
    }

    private void connect(Socket near) {
        try {
            if (!passable()) {
                reset(near);
                return;
            }
            Socket far = new Socket();
            sockets.add(far);
            far.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), target), CONNECT_MILLIS);
            daemon(() -> pass(near, far));
            pass(far, near);
        } catch (IOException e) {
            reset(near);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void pass(Socket from, Socket to) {
        byte[] buffer = new byte[BUFFER];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                if (!passable()) {
                    break;
                }
                out.write(buffer, 0, n);
            }
            if (passable()) {
                to.shutdownOutput();
                return;
            }
        } catch (IOException e) {
            // One end is gone; the other one is reset below.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        reset(from);
        reset(to);
    }

    private static void reset(Socket socket) {
        try (socket) {
            socket.setSoLinger(true, 0);
        } catch (IOException e) {
            // It is gone already.
        }
    }

    @Override
    public void close() {
        closed = true;
        mend();
        sockets.forEach(FaultProxy::reset);
        try {
            server.close();
        } catch (IOException e) {
            throw new LabException("could not close a port", e);
        }
    }
}
